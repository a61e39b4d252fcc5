/** Delays that can end early. */

/**
 * Resolves after `ms`, when `signal` aborts, or, if `eager`, when the browser comes online or the page becomes visible,
 * because a retry may then succeed.
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
