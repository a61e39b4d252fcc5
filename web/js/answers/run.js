/** One answer in progress: follows its stream, and can leave and resume it. */

import { RUN_OUTLIVES_EXPIRY_MS } from "../config.js";
import { AnswerText } from "../sse/answer_text.js";
import { SessionStream } from "../sse/stream.js";

/**
 * @typedef {import("../types.js").Phase} Phase
 * @typedef {import("../types.js").DoneEvent} DoneEvent
 * @typedef {import("../types.js").ErrorEvent} ErrorEvent
 * @typedef {import("../types.js").Blocker} Blocker
 * @typedef {import("../sse/connection.js").End} End
 * @typedef {import("../sse/stream.js").Credentials} Credentials
 *
 * @typedef {object} StoredRun the state that a reload restores
 * @property {string} sessionId
 * @property {string} chatId
 * @property {string | null} streamToken null: another browser started the session
 * @property {string} expiresAt
 * @property {string} modelId
 * @property {string} prompt
 * @property {string} [promptId] the id of the prompt's message, if known
 * @property {string} [text]
 * @property {number} [lastEventId]
 * @property {DoneEvent | null} [done] how it ended
 * @property {ErrorEvent | null} [error]
 */

/** Refusals that mean that no generation is running: the session has expired or does not exist. */
const OVER = new Set(["session_expired", "session_not_found"]);

/** Refusals that concern the user, not the answer: the user must act before the next attempt. */
const ABOUT_THE_USER = new Set(["token_missing", "token_expired", "token_invalid", "user_disabled"]);

export class Run {
  #answer;
  #credentials;
  /** @type {SessionStream | null} */
  #stream = null;
  #changed;
  #refused = false;
  /** True if the service refused the last attempt to connect. */
  #held = false;

  /** @param {StoredRun} kept @param {Credentials} credentials @param {(run: Run) => void} changed called after every change */
  constructor(kept, credentials, changed) {
    const { text, lastEventId, done = null, error = null, ...session } = kept;
    this.session = session;
    this.#answer = new AnswerText({ text, lastEventId });
    this.#credentials = credentials;
    this.#changed = changed;
    /** @type {Phase} */
    this.phase = done || error ? "ended" : "paused";
    /** Why it is disconnected, unless the user left it. @type {Blocker | null} */
    this.blocker = null;
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

  /** True while connected or waiting to reconnect. */
  get following() {
    return this.#stream !== null;
  }

  /** True if it cannot be followed; the answer may still be stored or in progress. */
  get refused() {
    return this.ended && this.#refused;
  }

  /** True if the generation is over; its text is in the history. */
  get over() {
    return this.error !== null && OVER.has(this.error.code);
  }

  /** True if only this page knows how it ended: the first version's history omits failures and stops before any text. */
  get unrecorded() {
    return this.done?.messageId === null || (this.error !== null && (this.over || !this.#refused));
  }

  /** True if it ended and the history has everything. */
  get settled() {
    return this.ended && !this.mayBeIncomplete && !this.unrecorded;
  }

  /** True if the history may have more than was received. */
  get mayBeIncomplete() {
    return this.ended && (this.#answer.incomplete || this.error !== null);
  }

  /** Connects and resumes after the last event received. */
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

  /** Skips the delay before the next attempt to connect. */
  retryNow() {
    this.#stream?.retryNow();
  }

  /** Stops following; the generation continues. @param {Blocker | null} [blocker] the reason, unless the user left it */
  leave(blocker = null) {
    if (!this.#stream) return;
    this.#disconnect();
    this.#enter("paused", blocker);
  }

  /** Enters or leaves (the request failed) the phase "stopping". @param {boolean} requested */
  stopping(requested) {
    if (this.ended) return;
    if (requested) this.#enter("stopping");
    else this.#go();
    this.follow();
  }

  /** @returns {StoredRun} */
  toStored() {
    const { session, text, done, error } = this;
    return { ...session, text, lastEventId: this.#answer.lastEventId, done, error };
  }

  /** After a refusal an open connection does not count as progress yet: another refusal may follow. */
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
    // If only the time for retries has run out, the session has expired too.
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

  /** Enters the phase of a generation in progress. */
  #go() {
    this.#enter(this.text ? "writing" : "waiting");
  }

  /** @param {Phase} phase @param {Blocker | null} [blocker] */
  #enter(phase, blocker = null) {
    this.phase = phase;
    this.blocker = blocker;
    this.#changed(this);
  }
}
