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
 */

export class Run {
  #answer;
  /** @type {(() => void) | null} */
  #close = null;
  #changed;

  /** @param {Kept} kept @param {(run: Run) => void} changed is called after every change */
  constructor(kept, changed) {
    const { text, lastEventId, ...session } = kept;
    this.session = session;
    this.#answer = new AnswerText({ text, lastEventId });
    this.#changed = changed;
    /** @type {Phase} */
    this.phase = "paused";
    /** @type {DoneEvent | null} */
    this.done = null;
    /** @type {ErrorEvent | null} */
    this.error = null;
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
        error: (event) => this.#end({ error: event }),
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
    return { ...this.session, text: this.text, lastEventId: this.#answer.lastEventId };
  }

  /** @param {number} id @param {string} content */
  #token(id, content) {
    this.#answer.append(id, content);
    this.#enter(this.phase === "stopping" ? "stopping" : "writing");
  }

  /** @param {{id?: number, done?: DoneEvent, error?: ErrorEvent}} how */
  #end({ id = 0, done, error }) {
    this.#disconnect();
    if (done && done.finishReason !== "stopped") this.#answer.end(id);
    this.done = done ?? null;
    this.error = error ?? null;
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
