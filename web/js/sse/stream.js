/**
 * Follows one session's stream to its end, reconnecting as necessary.
 *
 * Uses fetch instead of EventSource, which stops on any status but 200, exposes neither the status nor `Retry-After`, and
 * cannot send the bearer token for a session that another browser started.
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
 * @property {string | null} streamToken null: another browser started it; the user's token opens it
 * @property {number} endsAt deadline for reconnects, in milliseconds since the epoch
 *
 * @typedef {{token: () => Promise<string>, expire: () => void}} Credentials of the user
 *
 * @typedef {object} Listener
 * @property {() => number} lastEventId the id of the last event received
 * @property {() => void} opened connected
 * @property {(end: End, retryAt: number | null) => void} delayed disconnected; `retryAt` is the time of the next attempt, null: now
 * @property {(id: number) => void} typing
 * @property {(id: number, content: string) => void} token
 * @property {(id: number, event: DoneEvent) => void} done the final call
 * @property {(id: number, event: ErrorEvent) => void} error the final call: the generation failed
 * @property {(end: End) => void} refused the final call: a retry does not help
 */

/** Codes that reject the request's token. */
const NOT_SIGNED_IN = new Set(["token_missing", "token_expired", "token_invalid"]);

export class SessionStream {
  #session;
  #credentials;
  #listener;
  #over = new AbortController();
  #skip = new AbortController();
  /** @type {number} the first delay, set by the stream's `retry:` if present */
  #firstMs = RECONNECT.firstMs;
  /** True if the user's token was renewed since the last event. */
  #renewed = false;

  /** @param {Session} session @param {Credentials} credentials @param {Listener} listener */
  constructor(session, credentials, listener) {
    this.#session = { ...session };
    this.#credentials = credentials;
    this.#listener = listener;
  }

  /** Connects and reconnects until the stream ends or the deadline passes. */
  open() {
    void this.#follow();
  }

  /** Leaves the stream; no listener is called afterwards. */
  close() {
    this.#over.abort();
  }

  /** Skips the current delay, or the next one during an attempt. */
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
    // An Authorization header costs a preflight for each stream if the service is on another host.
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
      // The error of a failed generation has an id greater than all text. A refusal has none: it concerns this connection only.
      if (id <= listener.lastEventId()) {
        const { code, message, retryable, retryAfterSeconds } = event;
        return { code, message, refusal: true, again: retryable, retryAfterMs: secondsAsMs(retryAfterSeconds) };
      }
      this.close();
      listener.error(id, event);
    }
    // Other types come from a later version of the service and are ignored.
    return undefined;
  };

  /** True if another token can be tried: the user's after the stream token, or a renewed one after an expired one. @param {End} end */
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
