/**
 * Follows one session's stream to its end, over as many connections as that takes.
 *
 * With fetch, not with EventSource: that gives up for good on any status but 200, shows neither the status nor
 * `Retry-After`, and cannot send the bearer token that opens a session which another browser has started.
 */

import { CLIENT_ID } from "../service/client_id.js";
import { backoff, secondsAsMs } from "../service/backoff.js";
import { endpoints, LEAST_WAIT_MS, RECONNECT } from "../config.js";
import { pause } from "../service/pause.js";
import { endOf, readStream } from "./connection.js";

/**
 * @typedef {import("../types.js").DoneEvent} DoneEvent
 * @typedef {import("../types.js").ErrorEvent} ErrorEvent
 * @typedef {import("./connection.js").End} End
 *
 * @typedef {object} Session
 * @property {string} sessionId
 * @property {string | null} streamToken null: it was started elsewhere; the user's own token opens it
 * @property {number} endsAt until when it can be followed at the latest, in milliseconds since the epoch
 *
 * @typedef {{token: () => Promise<string>, expire: () => void}} Credentials the user's own
 *
 * @typedef {object} Listener
 * @property {() => number} lastEventId the id of the last event seen
 * @property {() => void} opened connected
 * @property {(end: End, retryAt: number | null) => void} delayed there is no connection; when the next attempt begins, null: now
 * @property {(id: number) => void} typing
 * @property {(id: number, content: string) => void} token
 * @property {(id: number, event: DoneEvent) => void} done the last call
 * @property {(id: number, event: ErrorEvent) => void} error the last call: the generation failed
 * @property {(end: End) => void} refused the last call: another attempt does not help
 */

/** Refusals of the token that came with the request. */
const NOT_SIGNED_IN = new Set(["token_missing", "token_expired", "token_invalid"]);

export class SessionStream {
  #session;
  #credentials;
  #listener;
  #over = new AbortController();
  #skip = new AbortController();
  /** @type {number} the first wait: as the stream asks for it, if it does */
  #firstMs = RECONNECT.firstMs;
  /** Whether the user's token has been renewed since events last came. */
  #renewed = false;

  /** @param {Session} session @param {Credentials} credentials @param {Listener} listener */
  constructor(session, credentials, listener) {
    this.#session = { ...session };
    this.#credentials = credentials;
    this.#listener = listener;
  }

  /** Connects, and goes on until there is nothing more to wait for. */
  open() {
    void this.#follow();
  }

  /** Leaves the stream; nothing is called any more. */
  close() {
    this.#over.abort();
  }

  /** Ends the wait for the next attempt; while one is under way, that for the one after it. */
  retryNow() {
    this.#skip.abort();
  }

  async #follow() {
    const listener = this.#listener;
    for (let failures = 0; ; failures += 1) {
      const before = listener.lastEventId();
      const end = await this.#connect();
      if (this.#over.signal.aborted) return;
      if (listener.lastEventId() > before) {
        failures = 0;
        this.#renewed = false;
      }
      if (this.#hasOtherCredentials(end)) continue;
      const wait = waitAfter(end, failures, this.#firstMs);
      if (!end.again || Date.now() + wait > this.#session.endsAt) {
        this.close();
        listener.refused(end);
        return;
      }
      await this.#wait(end, wait);
      if (this.#over.signal.aborted) return;
      listener.delayed(end, null);
    }
  }

  /** @param {End} end @param {number} wait */
  async #wait(end, wait) {
    this.#listener.delayed(end, Date.now() + wait);
    const signal = AbortSignal.any([this.#over.signal, this.#skip.signal]);
    await pause(wait, { signal, eager: end.retryAfterMs === null });
    this.#skip = new AbortController();
  }

  /** @returns {Promise<End>} */
  async #connect() {
    const { sessionId, streamToken } = this.#session;
    const seen = this.#listener.lastEventId();
    const query = new URLSearchParams({ sessionId, clientId: CLIENT_ID });
    if (streamToken) query.set("streamToken", streamToken);
    if (seen > 0) query.set("lastEventId", String(seen));
    /** @type {Record<string, string>} */
    const headers = {};
    // A header of its own costs a preflight with every stream where the service is on another host.
    if (!streamToken) {
      try {
        headers.authorization = `Bearer ${await this.#credentials.token()}`;
      } catch (error) {
        return endOf(error);
      }
    }
    const reader = {
      opened: () => this.#listener.opened(),
      onEvent: this.#onEvent,
      onRetry: (/** @type {number} */ ms) => (this.#firstMs = ms),
    };
    return readStream(`${endpoints.stream}?${query}`, { headers, signal: this.#over.signal, reader });
  }

  /** @param {any} event @param {number} id @returns {End | undefined} */
  #onEvent = (event, id) => {
    const listener = this.#listener;
    if (this.#over.signal.aborted) return undefined;
    if (event.type === "typing") listener.typing(id);
    else if (event.type === "token") listener.token(id, event.content);
    else if (event.type === "done") {
      this.close();
      listener.done(id, event);
    } else if (event.type === "error") {
      // How a generation failed has an id beyond all text. A refusal has none: it is about this connection alone.
      if (id <= listener.lastEventId()) {
        const { code, message, retryable, retryAfterSeconds } = event;
        return { code, message, refusal: true, again: retryable, retryAfterMs: secondsAsMs(retryAfterSeconds) };
      }
      this.close();
      listener.error(id, event);
    }
    // Any other type is of a later version of the service: passed over.
    return undefined;
  };

  /** Whether there is another token to try: the user's after the stream's, a new one after one that had expired. @param {End} end */
  #hasOtherCredentials({ code }) {
    if (!NOT_SIGNED_IN.has(code)) return false;
    if (this.#session.streamToken) {
      this.#session.streamToken = null;
      return true;
    }
    if (this.#renewed) return false;
    this.#renewed = true;
    this.#credentials.expire();
    return true;
  }
}

/** Milliseconds until the next attempt. @param {End} end @param {number} failures in a row @param {number} firstMs */
function waitAfter({ retryAfterMs }, failures, firstMs) {
  if (retryAfterMs !== null && retryAfterMs >= LEAST_WAIT_MS) return retryAfterMs;
  const least = retryAfterMs === null ? firstMs : 0;
  return backoff(failures, { ...RECONNECT, firstMs: Math.max(least, LEAST_WAIT_MS) });
}
