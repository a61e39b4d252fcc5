/** Starts the session for a question: a new prompt, or a retry of a stored one. */

import { SESSION_WAITS_MS } from "../config.js";
import { ApiError } from "../service/http.js";
import { sentenceOf } from "../sentences.js";

/**
 * @typedef {object} Question
 * @property {string | null} chatId null: a new chat
 * @property {string} prompt
 * @property {{id?: string, sessionId: string}} [stored] the prompt's message, if already stored
 *
 * @typedef {object} Asking
 * @property {import("../service/api.js").ChatApi} api
 * @property {import("./outbox.js").Outbox} outbox
 * @property {() => Promise<string>} modelId
 * @property {import("./outbox.js").Sending} sending
 */

/** @param {Question} question @param {Asking} asking @returns {Promise<import("../answers/run.js").StoredRun>} */
export async function ask({ chatId, prompt, stored }, { api, outbox, modelId, sending }) {
  const model = await modelId();
  const anew = { modelId: model, prompt, ...(chatId && { chatId }) };
  if (!stored || !chatId) return storedRun(await outbox.start(anew, sending), { model, prompt });
  const promptId = stored.id ?? (await idOf(chatId, stored.sessionId, api));
  try {
    return { ...storedRun(await outbox.start({ modelId: model, chatId, regenerate: promptId }, sending), { model, prompt }), promptId };
  } catch (error) {
    if (!isOfFirstVersion(error)) throw error;
    return storedRun(await outbox.start(anew, sending), { model, prompt });
  }
}

/** @param {import("../types.js").Session} session @param {{model: string, prompt: string}} asked */
function storedRun({ sessionId, chatId, streamToken, expiresAt }, { model, prompt }) {
  // Uses the browser's clock if it is ahead of the service's.
  const expires = new Date(Math.max(Date.parse(expiresAt), Date.now() + SESSION_WAITS_MS));
  return { sessionId, chatId, streamToken, expiresAt: expires.toISOString(), modelId: model, prompt };
}

/** The id of a session's prompt, from the history. @param {string} chatId @param {string} sessionId @param {import("../service/api.js").ChatApi} api */
async function idOf(chatId, sessionId, api) {
  const messages = await api.chat(chatId);
  const prompt = messages.find((one) => one.role === "user" && one.sessionId === sessionId);
  if (!prompt) throw new ApiError(sentenceOf("message_not_found"), { code: "message_not_found", status: 404 });
  return prompt.id;
}

/** True if the service does not support `regenerate`, so that the prompt must be sent again. @param {unknown} error */
function isOfFirstVersion(error) {
  return error instanceof ApiError && error.status === 422 && error.fields.includes("regenerate");
}
