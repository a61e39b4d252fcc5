/** Computes retry delays. Pure functions. */

/**
 * Exponential backoff with jitter, so that clients that failed together do not retry together.
 * @param {number} failures in a row, before this wait
 * @param {{firstMs: number, longestMs: number, random?: () => number}} limits
 * @returns {number} milliseconds; the second half of the doubled delay is random
 */
export function backoff(failures, { firstMs, longestMs, random = Math.random }) {
  return Math.min(firstMs * 2 ** failures, longestMs) * (0.5 + random() / 2);
}

/**
 * Parses `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
 * @param {string | null} value
 * @param {number} now in milliseconds since the epoch
 * @returns {number | null} milliseconds; null if missing or invalid
 */
export function retryAfterMs(value, now) {
  if (!value) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(date - now, 0);
}

/** Converts `retryAfterSeconds` to milliseconds; null if missing or invalid. @param {unknown} seconds @returns {number | null} */
export function secondsAsMs(seconds) {
  return typeof seconds === "number" && seconds >= 0 ? seconds * 1000 : null;
}
