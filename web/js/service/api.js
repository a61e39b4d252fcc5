/** The API's calls, one method each. */

import { endpoints, HISTORY_PAGE } from "../config.js";
import { request } from "./http.js";

/**
 * @typedef {import("../types.js").Message} Message
 * @typedef {import("../types.js").MessagePage} MessagePage
 * @typedef {import("../types.js").Model} Model
 * @typedef {import("../types.js").Session} Session
 * @typedef {{modelId: string, prompt: string, chatId?: string}} NewPrompt
 * @typedef {{modelId: string, chatId: string, regenerate: string}} StoredPrompt `regenerate`: the id of its message
 * @typedef {NewPrompt | StoredPrompt} StartRequest
 */

export class ChatApi {
  #identity;
  #signal;

  /**
   * The calls of one user.
   * @param {import("./identity.js").Identity} identity
   * @param {AbortSignal} signal aborts when another user signs in, so that no call is sent with the new user's token
   */
  constructor(identity, signal) {
    this.#identity = identity;
    this.#signal = signal;
  }

  /** @returns {Promise<Model[]>} the whole catalogue; `allowed` marks the models of the user's tier */
  async models() {
    return (await this.#json(endpoints.models)).models;
  }

  /**
   * Starts a session for a new prompt, which is stored, or for a stored one.
   * @param {string} body a `StartRequest` @param {string} key idempotency key: the same request gets the same session
   * @returns {Promise<Session>}
   */
  start(body, key) {
    return this.#json(endpoints.start, { method: "POST", headers: { "content-type": "application/json", "idempotency-key": key }, body });
  }

  /** Stops a generation; the text so far is stored. @param {string} sessionId */
  async stop(sessionId) {
    await this.#json(endpoints.stop, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sessionId }),
    });
  }

  /**
   * One page of a chat's messages, or of all chats if `chatId` is omitted.
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
    const signal = options.signal ? AbortSignal.any([options.signal, this.#signal]) : this.#signal;
    const send = async () => {
      signal.throwIfAborted();
      const authorization = `Bearer ${await this.#identity.token()}`;
      return request(url, { ...options, signal, headers: { ...options.headers, authorization } });
    };
    const response = await send().catch((error) => {
      if (error.code !== "token_expired") throw error;
      this.#identity.expire();
      return send();
    });
    return response.json();
  }
}
