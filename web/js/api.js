/** The service's calls, each one function. */

import { endpoints, HISTORY_PAGE } from "./config.js";
import { ApiError, request } from "./http.js";

/**
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./types.js").MessagePage} MessagePage
 * @typedef {import("./types.js").Model} Model
 * @typedef {import("./types.js").Session} Session
 * @typedef {{modelId: string, prompt: string, chatId?: string}} Prompt
 */

/** Waits before a start is sent again with the same Idempotency-Key, so that one click is one prompt. */
const START_RETRIES_MS = [400, 1200];

export class ChatApi {
  #identity;

  /** @param {import("./identity.js").Identity} identity */
  constructor(identity) {
    this.#identity = identity;
  }

  /** @returns {Promise<Model[]>} the whole catalogue, with what this user may use marked */
  async models() {
    return (await this.#json(endpoints.models)).models;
  }

  /** Stores a prompt and opens a session for its answer. @param {Prompt} prompt @returns {Promise<Session>} */
  async start(prompt) {
    const options = {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": randomKey() },
      body: JSON.stringify(prompt),
    };
    for (const wait of START_RETRIES_MS) {
      try {
        return await this.#json(endpoints.start, options);
      } catch (error) {
        if (!mayHaveArrived(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
    return this.#json(endpoints.start, options);
  }

  /** Ends a generation; what was written so far is kept. @param {string} sessionId */
  async stop(sessionId) {
    await this.#json(endpoints.stop, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sessionId }),
    });
  }

  /**
   * One page of a chat's messages, or of all chats' when no chat is named.
   * @param {{chatId?: string, cursor?: string | null}} which
   * @param {AbortSignal} [signal]
   * @returns {Promise<MessagePage>}
   */
  messages({ chatId, cursor }, signal) {
    const query = new URLSearchParams({ limit: String(HISTORY_PAGE) });
    if (chatId) query.set("chatId", chatId);
    if (cursor) query.set("cursor", cursor);
    return this.#json(`${endpoints.history}?${query}`, { signal });
  }

  /** All messages of a chat, oldest first. @param {string} chatId @param {AbortSignal} [signal] */
  async chat(chatId, signal) {
    /** @type {Message[]} */
    const messages = [];
    let cursor = null;
    do {
      const page = await this.messages({ chatId, cursor }, signal);
      messages.push(...page.messages);
      cursor = page.nextCursor;
    } while (cursor);
    return messages;
  }

  /** @param {string} url @param {RequestInit} [options] @returns {Promise<any>} */
  async #json(url, options = {}) {
    const send = async () => {
      const authorization = `Bearer ${await this.#identity.token()}`;
      return request(url, { ...options, headers: { ...options.headers, authorization } });
    };
    const response = await send().catch((error) => {
      if (error.code !== "token_expired") throw error;
      this.#identity.expire();
      return send();
    });
    return response.json();
  }
}

/** The request may have been carried out although no answer came, or is being carried out. @param {unknown} error */
function mayHaveArrived(error) {
  return error instanceof ApiError && ["unreachable", "idempotency_in_progress"].includes(error.code);
}

/** Not `crypto.randomUUID`: that exists on secure origins only, and a stack in a local network is none. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
