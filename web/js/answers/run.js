/** One answer while it is being written: follows its stream, and can leave it and come back. */

import { RUN_OUTLIVES_EXPIRY_MS } from "../config.js";
import { AnswerText } from "../sse/answer_text.js";
import { SessionStream } from "../sse/stream.js";

/**
 * @typedef {import("../types.js").Phase} Phase
 * @typedef {import("../types.js").DoneEvent} DoneEvent
 * @typedef {import("../types.js").ErrorEvent} ErrorEvent
 * @typedef {import("../types.js").Trouble} Trouble
 * @typedef {import("../sse/connection.js").End} End
 * @typedef {import("../sse/stream.js").Credentials} Credentials
 *
 * @typedef {object} Kept what a reload needs to go on
 * @property {string} sessionId
 * @property {string} chatId
 * @property {string | null} streamToken null: the session was started elsewhere
 * @property {string} expiresAt
 * @property {string} modelId
 * @property {string} prompt
 * @property {string} [promptId] the id of the prompt's message, where it is known
 * @property {string} [text]
 * @property {number} [lastEventId]
 * @property {DoneEvent | null} [done] how it ended
 * @property {ErrorEvent | null} [error]
 */

/** Refusals that say that nothing is being written: the session's time is over, or it is gone. */
const OVER = new Set(["session_expired", "session_not_found"]);

/** Refusals that say nothing about the answer, and that the user can change: the next attempt is theirs. */
const ABOUT_THE_USER = new Set(["token_missing", "token_expired", "token_invalid", "user_disabled"]);

export class Run {
  #answer;
  #credentials;
  /** @type {SessionStream | null} */
  #stream = null;
  #changed;
  #refused = false;
  /** The last attempt to connect was refused by the service itself. */
  #held = false;

  /** @param {Kept} kept @param {Credentials} credentials @param {(run: Run) => void} changed is called after every change */
  constructor(kept, credentials, changed) {
    const { text, lastEventId, done = null, error = null, ...session } = kept;
    this.session = session;
    this.#answer = new AnswerText({ text, lastEventId });
    this.#credentials = credentials;
    this.#changed = changed;
    /** @type {Phase} */
    this.phase = done || error ? "ended" : "paused";
    /** Why it is not connected, if that is not by choice. @type {Trouble | null} */
    this.trouble = null;
    /** @type {DoneEvent | null} */
    this.done = done;
    /** @type {ErrorEvent | null} */
    this.error = error;
  }

  get text() {
    return this.#answer.text;
  }

  get ended() {
    return this.phase === "ended";
  }

  /** Holds a connection, or waits to make one. */
  get following() {
    return this.#stream !== null;
  }

  /** It cannot be followed, which says nothing about the answer: that may be stored, or go on being written. */
  get refused() {
    return this.ended && this.#refused;
  }

  /** Nothing more is written; what was is in the history. */
  get over() {
    return this.error !== null && OVER.has(this.error.code);
  }

  /** How it ended is known here, and a history of the first version does not tell it: it failed, or was stopped before there was any text. */
  get untold() {
    return this.done?.messageId === null || (this.error !== null && (this.over || !this.#refused));
  }

  /** It ended, and the history tells all. */
  get settled() {
    return this.ended && !this.doubtful && !this.untold;
  }

  /** What is shown may not be all that is stored: the history knows. */
  get doubtful() {
    return this.ended && (this.#answer.incomplete || this.error !== null);
  }

  /** Connects, from the last event seen on. */
  follow() {
    if (this.#stream || this.ended) return;
    if (this.phase !== "stopping") this.#go();
    const { sessionId, streamToken, expiresAt } = this.session;
    const endsAt = Date.parse(expiresAt) + RUN_OUTLIVES_EXPIRY_MS;
    this.#stream = new SessionStream({ sessionId, streamToken, endsAt }, this.#credentials, {
      lastEventId: () => this.#answer.lastEventId,
      opened: () => this.#opened(),
      delayed: (end, retryAt) => this.#delayed(end, retryAt),
      typing: (id) => this.#typing(id),
      token: (id, content) => this.#token(id, content),
      done: (id, event) => this.#end({ id, done: event }),
      error: (id, event) => this.#end({ id, error: event }),
      refused: (end) => this.#onRefusal(end),
    });
    this.#stream.open();
  }

  /** Ends the wait for the next attempt to connect. */
  retryNow() {
    this.#stream?.retryNow();
  }

  /** Stops following; the service goes on writing. @param {Trouble | null} [trouble] why, if it is not by choice */
  leave(trouble = null) {
    if (!this.#stream) return;
    this.#disconnect();
    this.#enter("paused", trouble);
  }

  /** The generation has been asked to stop, or (false) could not be. @param {boolean} asked */
  stopping(asked) {
    if (this.ended) return;
    if (asked) this.#enter("stopping");
    else this.#go();
    this.follow();
  }

  /** @returns {Kept} */
  kept() {
    const { session, text, done, error } = this;
    return { ...session, text, lastEventId: this.#answer.lastEventId, done, error };
  }

  /** After a refusal a connection says nothing yet: the next one may hold another. */
  #opened() {
    if (this.phase === "retrying" && !this.#held) this.#go();
  }

  /** @param {number} id */
  #typing(id) {
    this.#answer.begin(id);
    if (this.phase === "retrying") this.#go();
  }

  /** @param {number} id @param {string} content */
  #token(id, content) {
    this.#answer.append(id, content);
    if (this.phase === "stopping") this.#enter("stopping");
    else this.#go();
  }

  /** @param {End} end @param {number | null} retryAt */
  #delayed({ code, message, refusal = false }, retryAt) {
    this.#held = refusal;
    if (this.phase !== "stopping") this.#enter("retrying", { code, message, retryAt });
  }

  /** @param {End} end */
  #onRefusal({ code, message = "", again }) {
    if (ABOUT_THE_USER.has(code)) {
      this.leave({ code, message, retryAt: null });
      return;
    }
    // Where only the time for further attempts has run out, the session's has, too.
    this.#end({ error: { type: "error", code: again ? "session_expired" : code, message, retryable: false }, refused: true });
  }

  /** @param {{id?: number, done?: DoneEvent, error?: ErrorEvent, refused?: boolean}} how */
  #end({ id = 0, done, error, refused = false }) {
    this.#disconnect();
    if (done && done.finishReason !== "stopped") this.#answer.end(id);
    this.done = done ?? null;
    this.error = error ?? null;
    this.#refused = refused;
    this.#enter("ended");
  }

  #disconnect() {
    this.#stream?.close();
    this.#stream = null;
  }

  /** It is being written, as far as this page knows. */
  #go() {
    this.#enter(this.text ? "writing" : "waiting");
  }

  /** @param {Phase} phase @param {Trouble | null} [trouble] */
  #enter(phase, trouble = null) {
    this.phase = phase;
    this.trouble = trouble;
    this.#changed(this);
  }
}
