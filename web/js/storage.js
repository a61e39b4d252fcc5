/** The browser's storage. If it is full, forbidden or has invalid data, it counts as empty. */

const PREFIX = "chat-sse:";

/** @param {string} key @returns {any} the stored value, or null */
export function read(key) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} key @param {unknown} value */
export function write(key, value) {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // The page works without storage; it only loses more on a reload.
  }
}

/** Calls `changed` when another tab writes the key. @param {string} key @param {() => void} changed */
export function onChange(key, changed) {
  addEventListener("storage", (event) => event.key === PREFIX + key && changed());
}

/** @param {string} key */
export function remove(key) {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // As above.
  }
}

/** @param {string} start @returns {string[]} the keys with this prefix */
export function keys(start) {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX + start))
      .map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}
