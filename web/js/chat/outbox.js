/** Sends prompts with retries; the idempotency key ensures that each is stored once. */

import { backoff } from "../service/backoff.js";
import { RESEND } from "../config.js";
import { ApiError } from "../service/http.js";
import { pause } from "../service/pause.js";

/**
 * @typedef {import("../service/api.js").StartRequest} StartRequest
 * @typedef {import("../types.js").Session} Session
 * @typedef {import("../types.js").Blocker} Blocker
 *
 * @typedef {object} Sending
 * @property {AbortSignal} signal cancels sending
 * @property {(blocker: Blocker, sendNow: () => void) => void} delayed the service cannot accept it yet; a retry is scheduled
 */

/** Delays of the first retries after a request without a response; they are not shown. */
const UNSEEN_WAITS_MS = [400, 1200];

export class Outbox {
  #api;
  /** The last request whose outcome is unknown or temporary: it is resent with the same key. @type {{body: string, key: string} | null} */
  #unsent = null;

  /** @param {import("../service/api.js").ChatApi} api */
  constructor(api) {
    this.#api = api;
  }

  /**
   * Sends a request until it is accepted, rejected permanently, or out of retries.
   * @param {StartRequest} request @param {Sending} sending @returns {Promise<Session>}
   * @throws {ApiError}
   */
  async start(request, sending) {
    const body = JSON.stringify(request);
    const key = this.#unsent?.body === body ? this.#unsent.key : randomKey();
    this.#unsent = { body, key };
    for (let failures = 0; ; failures += 1) {
      try {
        const session = await this.#api.start(body, key);
        this.#forget(key);
        return session;
      } catch (error) {
        if (!(error instanceof ApiError) || !mayPass(error)) this.#forget(key);
        if (!(await this.#waitAfter(error, failures, sending))) throw error;
      }
    }
  }

  /** @param {unknown} error @param {number} failures @param {Sending} sending @returns whether to retry */
  async #waitAfter(error, failures, { signal, delayed }) {
    if (!(error instanceof ApiError) || !mayPass(error)) return false;
    const { code, message, retryAfterMs } = error;
    if (mayHaveArrived(error)) {
      if (failures >= UNSEEN_WAITS_MS.length) return false;
      await pause(UNSEEN_WAITS_MS[failures], { signal });
      return !signal.aborted;
    }
    const wait = retryAfterMs ?? backoff(failures, RESEND);
    if (failures >= RESEND.times || wait > RESEND.longestMs) return false;
    const skip = new AbortController();
    delayed({ code, message, retryAt: Date.now() + wait }, () => skip.abort());
    await pause(wait, { signal: AbortSignal.any([signal, skip.signal]), eager: retryAfterMs === null });
    delayed({ code, message, retryAt: null }, () => {});
    return !signal.aborted;
  }

  /** @param {string} key */
  #forget(key) {
    if (this.#unsent?.key === key) this.#unsent = null;
  }
}

/** True if a retry may succeed. @param {ApiError} error */
function mayPass(error) {
  return mayHaveArrived(error) || error.status === 429 || error.status >= 500;
}

/** True if the request may have been processed without a response, or is being processed. @param {ApiError} error */
function mayHaveArrived({ code }) {
  return ["unreachable", "offline", "idempotency_in_progress"].includes(code);
}

/** Not `crypto.randomUUID`: it requires a secure origin, which a stack in a local network is not. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
