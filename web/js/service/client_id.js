/** This tab's client id: a new connection with the same id ends the old one, which a reload leaves open. */

const KEY = "chat-sse:client";

/** A reloaded tab keeps its id; a duplicated tab, which starts with a copy of the storage, gets a new one. */
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
