/** Formats numbers for display. A unit is CloudWatch's, or the label of a widget's axis. */

const KINDS = {
  Milliseconds: "ms",
  ms: "ms",
  microseconds: "us",
  Seconds: "s",
  s: "s",
  Bytes: "bytes",
  bytes: "bytes",
  Percent: "%",
  "%": "%",
  USD: "usd",
};

const TIME_STEPS = [
  [60_000, "min"],
  [1000, "s"],
  [1, "ms"],
  [0.001, "µs"],
];
const BYTE_STEPS = [
  [1024 ** 3, "GB"],
  [1024 ** 2, "MB"],
  [1024, "KB"],
  [1, "B"],
];
const COUNT_STEPS = [
  [1e6, "M"],
  [1e4, "k"],
];

/** Units written without a space before them. */
const CLOSE = ["%", "k", "M"];

/** The kind of a unit, for `parts`. @param {string} unit @param {string} [label] may contain the unit: "spent, USD" */
export function kindOf(unit, label = "") {
  return label.endsWith(", USD") ? "usd" : (KINDS[unit] ?? "");
}

/**
 * Formats a number and its unit separately.
 * @param {number} value @param {string} kind @param {number} [scale] the size that selects the unit; for an axis, its end
 * @returns {[string, string]}
 */
export function parts(value, kind, scale = value) {
  if (kind === "ms") return stepped(value, scale, TIME_STEPS, "ms");
  if (kind === "us") return stepped(value / 1000, scale / 1000, TIME_STEPS, "µs");
  if (kind === "s") return stepped(value * 1000, scale * 1000, TIME_STEPS, "s");
  if (kind === "bytes") return stepped(value, scale, BYTE_STEPS, "B");
  if (kind === "%") return [plain(value), "%"];
  if (kind === "usd") return [`$${value === 0 ? "0" : money(value)}`, ""];
  const [size, suffix] = COUNT_STEPS.find(([step]) => Math.abs(scale) >= step) ?? [1, ""];
  return [plain(value / (suffix === "k" ? 1000 : size)), suffix];
}

/** Formats a number with its unit. @param {number | null | undefined} value @param {string} kind @param {number} [scale] */
export function text(value, kind, scale) {
  if (value === null || value === undefined) return "–";
  const [number, unit] = parts(value, kind, scale);
  return unit === "" || CLOSE.includes(unit) ? `${number}${unit}` : `${number} ${unit}`;
}

const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const exactFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** @param {number} seconds since the epoch */
export const clock = (seconds) => clockFormat.format(seconds * 1000);

/** With seconds. @param {number} seconds since the epoch */
export const exactClock = (seconds) => exactFormat.format(seconds * 1000);

function stepped(value, scale, steps, unitOfNothing) {
  if (scale === 0) return ["0", unitOfNothing];
  const [size, unit] = steps.find(([step]) => Math.abs(scale) >= step) ?? steps[steps.length - 1];
  return [plain(value / size), unit];
}

function plain(value) {
  const size = Math.abs(value);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

function money(value) {
  if (value >= 1) return value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return value.toLocaleString("en-US", { maximumSignificantDigits: 2, maximumFractionDigits: 8 });
}
