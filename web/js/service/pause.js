/** Waits that can be cut short. */

/**
 * Resolves after the time, as soon as `signal` aborts, and, if `eager`, as soon as the connection is back or the page is
 * seen again: what failed meanwhile may work now.
 * @param {number} ms
 * @param {{signal: AbortSignal, eager?: boolean}} options
 * @returns {Promise<void>}
 */
export function pause(ms, { signal, eager = false }) {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const over = new AbortController();
    const done = () => {
      over.abort();
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { signal: over.signal });
    if (!eager) return;
    addEventListener("online", done, { signal: over.signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && done(), { signal: over.signal });
  });
}
