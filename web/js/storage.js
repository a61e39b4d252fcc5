/** The browser's storage, which may be full, forbidden, or hold what an older page wrote: then it is as if empty. */

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
    // Without storage the page works; it only forgets more on a reload.
  }
}

/** Another tab has written that key. @param {string} key @param {() => void} changed */
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

/** @param {string} start @returns {string[]} the keys that begin so */
export function keys(start) {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX + start))
      .map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}
