/** The open chat in the URL, for reloads and bookmarks: `#/chat/<id>`; without it a new chat. */

const CHAT = /^#\/chat\/([A-Za-z0-9_-]{1,64})$/;

/** @returns {string | null} the open chat */
export function currentChat() {
  return CHAT.exec(location.hash)?.[1] ?? null;
}

/** @param {string} chatId */
export function linkTo(chatId) {
  return `#/chat/${chatId}`;
}

/** Sets the URL of a new chat that has received its id, without a browser history entry. @param {string} chatId */
export function nameChat(chatId) {
  history.replaceState(null, "", linkTo(chatId));
}

/** Opens a new chat. */
export function newChat() {
  location.hash = "#/";
}
