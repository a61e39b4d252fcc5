/** Computes the end of an axis and its ticks. */

const ROUND = [1, 2, 2.5, 5, 10];
const TIME_STEPS = [60, 120, 300, 600, 900, 1800, 3600];

/**
 * Ticks from 0 at round values; the last one is at or above `highest`.
 * @param {number} highest @param {number} [wanted] about how many steps @param {boolean} [whole] only whole numbers
 */
export function ticks(highest, wanted = 3, whole = false) {
  if (!(highest > 0)) return [0, 1];
  const rough = highest / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(power * (ROUND.find((factor) => factor * power >= rough * 0.999) ?? 10), whole ? 1 : 0);
  const rounded = whole ? Math.ceil(step) : step;
  return Array.from({ length: Math.ceil(highest / rounded - 1e-9) + 1 }, (_, index) => index * rounded);
}

/** Times (seconds) at full minutes between two times. @param {number} from @param {number} to @param {number} wanted */
export function timeTicks(from, to, wanted) {
  const step = TIME_STEPS.find((seconds) => (to - from) / seconds <= wanted) ?? 3600;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, index) => first + index * step);
}
