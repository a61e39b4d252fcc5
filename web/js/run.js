/** One answer while it is being written: follows its stream, and can leave it and come back. */

import { AnswerText } from "./sse/answer_text.js";
import { openStream } from "./sse/stream.js";

/**
 * @typedef {import("./types.js").Phase} Phase
 * @typedef {import("./types.js").DoneEvent} DoneEvent
 * @typedef {import("./types.js").ErrorEvent} ErrorEvent
 *
 * @typedef {object} Kept what a reload needs to go on
 * @property {string} sessionId
 * @property {string} chatId
 * @property {string} streamToken
 * @property {string} expiresAt
 * @property {string} modelId
 * @property {string} prompt
 * @property {string} [text]
 * @property {number} [lastEventId]
 * @property {DoneEvent | null} [done] how it ended
 * @property {ErrorEvent | null} [error]
 */

/** Refusals that say that nothing is being written: the session's time is over, or it is gone. */
const OVER = new Set(["session_expired", "session_not_found"]);

export class Run {
  #answer;
  /** @type {(() => void) | null} */
  #close = null;
  #changed;
  #refused = false;

  /** @param {Kept} kept @param {(run: Run) => void} changed is called after every change */
  constructor(kept, changed) {
    const { text, lastEventId, done = null, error = null, ...session } = kept;
    this.session = session;
    this.#answer = new AnswerText({ text, lastEventId });
    this.#changed = changed;
    /** @type {Phase} */
    this.phase = done || error ? "ended" : "paused";
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

  /** Holds a connection, or waits for the browser to make one. */
  get following() {
    return this.#close !== null;
  }

  /** It cannot be followed, which says nothing about the answer: that may be stored, or go on being written. */
  get refused() {
    return this.ended && this.#refused;
  }

  /** Nothing more is written; what was is in the history. */
  get over() {
    return this.error !== null && OVER.has(this.error.code);
  }

  /** How it ended is known here, and the history does not tell it: it failed, or was stopped before there was any text. */
  get untold() {
    return this.done?.messageId === null || (this.error !== null && (this.over || !this.#refused));
  }

  /** It ended, and the history tells all. */
  get settled() {
    return this.ended && !this.doubtful && !this.untold;
  }

  /** What is shown may not be all that is stored: the history knows. */
  get doubtful() {
    return this.phase === "lost" || (this.ended && (this.#answer.incomplete || this.error !== null));
  }

  /** Connects, from the last event seen on. */
  follow() {
    if (this.#close || this.ended) return;
    if (this.phase !== "stopping") this.#enter(this.text ? "writing" : "waiting");
    this.#close = openStream(
      { sessionId: this.session.sessionId, streamToken: this.session.streamToken, lastEventId: this.#answer.lastEventId },
      {
        opened: () => this.phase === "reconnecting" && this.#enter(this.text ? "writing" : "waiting"),
        dropped: () => this.phase !== "stopping" && this.#enter("reconnecting"),
        typing: (id) => this.#answer.begin(id),
        token: (id, content) => this.#token(id, content),
        done: (id, event) => this.#end({ id, done: event }),
        error: (id, event) => this.#onError(id, event),
        lost: () => this.leave("lost"),
      },
    );
  }

  /** Stops following; the service goes on writing. @param {"paused" | "lost"} [phase] */
  leave(phase = "paused") {
    if (!this.#close) return;
    this.#disconnect();
    this.#enter(phase);
  }

  /** The generation has been asked to stop, or (false) could not be. @param {boolean} asked */
  stopping(asked) {
    if (this.ended) return;
    this.#enter(asked ? "stopping" : this.text ? "writing" : "waiting");
    this.follow();
  }

  /** @returns {Kept} */
  kept() {
    const { session, text, done, error } = this;
    return { ...session, text, lastEventId: this.#answer.lastEventId, done, error };
  }

  /** @param {number} id @param {string} content */
  #token(id, content) {
    this.#answer.append(id, content);
    this.#enter(this.phase === "stopping" ? "stopping" : "writing");
  }

  /**
   * The event that ends a failed generation has an id beyond all text. A refusal has none: it ends only this connection,
   * unless it says that asking again is of no use.
   * @param {number} id @param {ErrorEvent} error
   */
  #onError(id, error) {
    const refused = id <= this.#answer.lastEventId;
    if (refused && error.retryable) this.leave("lost");
    else this.#end({ id, error, refused });
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
    this.#close?.();
    this.#close = null;
  }

  /** @param {Phase} phase */
  #enter(phase) {
    this.phase = phase;
    this.#changed(this);
  }
}
