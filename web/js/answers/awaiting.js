/** Polls the history for an answer in progress that this page cannot follow. */

import { LONGEST_STREAM_MS, SESSION_WAITS_MS } from "../config.js";

/**
 * @typedef {import("../types.js").Message} Message
 *
 * @typedef {object} Polling
 * @property {import("../service/api.js").ChatApi} api
 * @property {number} expiresAt of the session, in milliseconds since the epoch
 * @property {AbortSignal} signal
 */

/** Delay between two polls: the first, the growth factor, and the maximum. */
const FIRST_PAUSE_MS = 2000;
const GROWTH = 1.3;
const LONGEST_PAUSE_MS = 20_000;

/** The latest time at which a prompt's session expires; its message does not have it. @param {Message} prompt */
export function expiryOf(prompt) {
  // A session in progress may not be the prompt's first, so it may have started just now.
  const started = isUnderWay(prompt.status) ? Date.now() : Date.parse(prompt.createdAt);
  return started + SESSION_WAITS_MS;
}

/**
 * Resolves to the answer when it is in the history, or to the prompt when that has ended without an answer; to null after
 * the deadline. Polls only while the page is visible, and immediately when it becomes visible.
 *
 * @param {{chatId: string, sessionId: string}} session
 * @param {Polling} polling
 * @returns {Promise<Message | null>}
 */
export async function answerTo(session, { api, expiresAt, signal }) {
  // Limits the wait to that of a new prompt, in case the clocks of browser and service differ.
  const tooLate = Math.min(expiresAt, Date.now() + SESSION_WAITS_MS) + LONGEST_STREAM_MS;
  const history = new SessionInHistory(session, api);
  let pause = FIRST_PAUSE_MS;
  while (Date.now() < tooLate && !signal.aborted) {
    await nextLook(pause, signal);
    // A failed poll counts as one without a result.
    const end = await history.end(signal).catch(() => null);
    if (end) return end;
    pause = Math.min(pause * GROWTH, LONGEST_PAUSE_MS);
  }
  return null;
}

/** True if a prompt ended without an answer. @param {Message["status"]} status */
export function endedWithoutAnswer(status) {
  return status === "failed" || status === "stopped";
}

/** True if a prompt's session waits for its stream or is streaming. @param {Message["status"]} status */
export function isUnderWay(status) {
  return status === "pending" || status === "streaming";
}

/** Reads the history starting at the prompt's page, which the first poll finds: later polls read one page. */
class SessionInHistory {
  #session;
  #api;
  /** @type {string | null} the cursor of the prompt's page */
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

/** Resolves after the pause, or when a hidden page becomes visible; never while it is hidden. @param {number} pauseMs @param {AbortSignal} signal */
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
