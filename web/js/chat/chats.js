/** The list of the user's chats, newest first, built from the history of all chats. */

/** Pages read for one load of the list: a page has few chats if they are long. */
const PAGES_AT_ONCE = 5;
const ENOUGH_CHATS = 30;

/** @typedef {{chatId: string, title: string}} Chat */

export class Chats {
  #api;
  #changed;
  /** @type {Map<string, Chat>} */
  #chats = new Map();
  /** @type {string | null} */
  #cursor = null;

  /** @param {import("../service/api.js").ChatApi} api @param {() => void} changed */
  constructor(api, changed) {
    this.#api = api;
    this.#changed = changed;
  }

  /** @returns {Chat[]} */
  get list() {
    return [...this.#chats.values()];
  }

  get hasMore() {
    return this.#cursor !== null;
  }

  /** @param {string} chatId @returns {string | null} */
  title(chatId) {
    return this.#chats.get(chatId)?.title ?? null;
  }

  /** Loads the next chats of the list. */
  async load() {
    const before = this.#chats.size;
    for (let page = 0; page < PAGES_AT_ONCE; page += 1) {
      const { messages, nextCursor } = await this.#api.messages({ cursor: this.#cursor });
      for (const { chatId, role, content } of messages) {
        if (role === "user" && !this.#chats.has(chatId)) this.#chats.set(chatId, { chatId, title: titleOf(content) });
      }
      this.#cursor = nextCursor;
      if (!nextCursor || this.#chats.size - before >= ENOUGH_CHATS) break;
    }
    this.#changed();
  }

  /** Moves the chat of a sent prompt to the top. @param {string} chatId @param {string} prompt */
  touch(chatId, prompt) {
    const chat = this.#chats.get(chatId) ?? { chatId, title: titleOf(prompt) };
    this.#chats.delete(chatId);
    this.#chats = new Map([[chatId, chat], ...this.#chats]);
    this.#changed();
  }
}

/** The start of a prompt as a title, on one line. @param {string} prompt */
export function titleOf(prompt) {
  const line = prompt.replace(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
