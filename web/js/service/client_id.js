/** This tab's name to the service: a newer connection of a tab ends its older one, which a reload leaves behind. */

const KEY = "chat-sse:client";

/** A reloaded tab keeps its name; a duplicated one, which begins with a copy of the other's storage, gets its own. */
function ofThisTab() {
  try {
    const [navigation] = performance.getEntriesByType("navigation");
    const reloaded = /** @type {PerformanceNavigationTiming} */ (navigation)?.type === "reload";
    const name = (reloaded && sessionStorage.getItem(KEY)) || drawn();
    sessionStorage.setItem(KEY, name);
    return name;
  } catch {
    return drawn();
  }
}

function drawn() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const CLIENT_ID = ofThisTab();
