/** Which chat is open stands in the address, so that a reload and a bookmark find it: `#/chat/<id>`; none: a new one. */

const CHAT = /^#\/chat\/([A-Za-z0-9_-]{1,64})$/;

/** @returns {string | null} the open chat */
export function currentChat() {
  return CHAT.exec(location.hash)?.[1] ?? null;
}

/** @param {string} chatId */
export function linkTo(chatId) {
  return `#/chat/${chatId}`;
}

/** The new chat has got its id: names it, without a step in the browser's history. @param {string} chatId */
export function nameChat(chatId) {
  history.replaceState(null, "", linkTo(chatId));
}

/** Leaves the open chat for a new one. */
export function newChat() {
  location.hash = "#/";
}
