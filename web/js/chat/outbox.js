/** Prompts on their way to the service: each is stored once, however often it must be sent. */

import { backoff } from "../service/backoff.js";
import { RESEND } from "../config.js";
import { ApiError } from "../service/http.js";
import { pause } from "../service/pause.js";

/**
 * @typedef {import("../service/api.js").StartRequest} StartRequest
 * @typedef {import("../types.js").Session} Session
 * @typedef {import("../types.js").Trouble} Trouble
 *
 * @typedef {object} Sending
 * @property {AbortSignal} signal gives up
 * @property {(trouble: Trouble, sendNow: () => void) => void} delayed the service cannot take it yet; it is sent again later
 */

/** The first attempts after one without an answer come soon, and unseen. */
const UNSEEN_WAITS_MS = [400, 1200];

export class Outbox {
  #api;
  /** The request that was not taken, or of which it is not known: it goes under the same key when it comes again. @type {{body: string, key: string} | null} */
  #unsent = null;

  /** @param {import("../service/api.js").ChatApi} api */
  constructor(api) {
    this.#api = api;
  }

  /**
   * Sends a request until it is taken, or refused for good, or too often.
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

  /** @param {unknown} error @param {number} failures @param {Sending} sending whether another attempt is to be made */
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

/** The service could not take it, or is not known to have: it may, another time. @param {ApiError} error */
function mayPass(error) {
  return mayHaveArrived(error) || error.status === 429 || error.status >= 500;
}

/** The request may have been carried out although no answer came, or is being carried out. @param {ApiError} error */
function mayHaveArrived({ code }) {
  return ["unreachable", "offline", "idempotency_in_progress"].includes(code);
}

/** Not `crypto.randomUUID`: that exists on secure origins only, and a stack in a local network is none. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
