/** Waits for an answer that is being written where this page cannot follow it: looks at the history until it is there. */

import { LONGEST_STREAM_MS, SESSION_WAITS_MS } from "../config.js";

/**
 * @typedef {import("../types.js").Message} Message
 *
 * @typedef {object} Look
 * @property {import("../service/api.js").ChatApi} api
 * @property {number} expiresAt the session's; in milliseconds since the epoch
 * @property {AbortSignal} signal
 */

/** Between two looks: at first so long, then longer by this factor each time, at last so long. */
const FIRST_PAUSE_MS = 2000;
const GROWTH = 1.3;
const LONGEST_PAUSE_MS = 20_000;

/** When a prompt's session expires at the latest, which its message does not tell. @param {Message} prompt */
export function expiryOf(prompt) {
  // One that is under way may be another than the prompt's first, and may have begun just now.
  const begun = isUnderWay(prompt.status) ? Date.now() : Date.parse(prompt.createdAt);
  return begun + SESSION_WAITS_MS;
}

/**
 * The answer to a session's prompt, as soon as it is in the history, or the prompt, as soon as that says that there will
 * be none; null once it is too late for one. It looks only while the page is visible, and at once when it becomes so.
 *
 * @param {{chatId: string, sessionId: string}} session
 * @param {Look} look
 * @returns {Promise<Message | null>}
 */
export async function answerTo(session, { api, expiresAt, signal }) {
  // Where the clocks of browser and service differ, the wait still is no longer than for a prompt of this moment.
  const tooLate = Math.min(expiresAt, Date.now() + SESSION_WAITS_MS) + LONGEST_STREAM_MS;
  const history = new SessionInHistory(session, api);
  let pause = FIRST_PAUSE_MS;
  while (Date.now() < tooLate && !signal.aborted) {
    await nextLook(pause, signal);
    // A look that fails is one at which nothing was seen.
    const end = await history.end(signal).catch(() => null);
    if (end) return end;
    pause = Math.min(pause * GROWTH, LONGEST_PAUSE_MS);
  }
  return null;
}

/** Of a prompt: nothing is being written for it, and nothing was. @param {Message["status"]} status */
export function endedWithoutAnswer(status) {
  return status === "failed" || status === "stopped";
}

/** Of a prompt: its session waits for its stream, or is streamed. @param {Message["status"]} status */
export function isUnderWay(status) {
  return status === "pending" || status === "streaming";
}

/** Reads the pages from the prompt's on: after the first look that is one, however long the chat. */
class SessionInHistory {
  #session;
  #api;
  /** @type {string | null} where the prompt's page begins */
  #from = null;

  /** @param {{chatId: string, sessionId: string}} session @param {import("../service/api.js").ChatApi} api */
  constructor(session, api) {
    this.#session = session;
    this.#api = api;
  }

  /** @param {AbortSignal} signal @returns {Promise<Message | null>} */
  async end(signal) {
    const { chatId, sessionId } = this.#session;
    let cursor = this.#from;
    do {
      const { messages, nextCursor } = await this.#api.messages({ chatId, cursor }, signal);
      const own = messages.filter((message) => message.sessionId === sessionId);
      const end = own.find(({ role, status }) => role === "assistant" || endedWithoutAnswer(status));
      if (end) return end;
      if (own.length) this.#from = cursor;
      cursor = nextCursor;
    } while (cursor);
    return null;
  }
}

/** Resolves after the pause, or when a hidden page is seen again; never while it is hidden. @param {number} pauseMs @param {AbortSignal} signal */
function nextLook(pauseMs, signal) {
  /** @type {Promise<void>} */
  const looked = new Promise((resolve) => {
    const over = new AbortController();
    const timer = setTimeout(ifVisible, pauseMs);
    document.addEventListener("visibilitychange", ifVisible, { signal: over.signal });
    signal.addEventListener("abort", done, { signal: over.signal });

    function ifVisible() {
      if (document.visibilityState === "visible") done();
    }
    function done() {
      over.abort();
      clearTimeout(timer);
      resolve();
    }
  });
  return looked;
}
