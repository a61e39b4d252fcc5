/** The state of a chat's prompts, from the history and this page's runs. Pure functions. */

import { endedWithoutAnswer, expiryOf, isUnderWay } from "../answers/awaiting.js";
import { LONGEST_STREAM_MS } from "../config.js";

/**
 * @typedef {import("../types.js").Message} Message
 *
 * @typedef {"answered" | "ended" | "open" | "late"} Standing
 *   ended: without an answer, according to the history; open: its answer is or may be in progress; late: past the deadline
 */

/**
 * @param {Message} prompt
 * @param {Message[]} messages the chat's, oldest first
 * @param {number} now in milliseconds since the epoch
 * @returns {Standing}
 */
export function standingOf(prompt, messages, now) {
  const { status } = prompt;
  if (endedWithoutAnswer(status)) return "ended";
  if (isUnderWay(status)) return "open";
  // The first version of the service reports every prompt as complete.
  if (answersTo(prompt, messages).length) return "answered";
  return now < expiryOf(prompt) + LONGEST_STREAM_MS ? "open" : "late";
}

/** The answers of the prompt's session, and an answer that directly follows it. @param {Message} prompt @param {Message[]} messages */
function answersTo(prompt, messages) {
  const next = messages[messages.indexOf(prompt) + 1];
  return messages.filter((one) => one.role === "assistant" && (one.sessionId === prompt.sessionId || one === next));
}

/** The question to retry for a stored prompt. @param {Message} prompt @returns {import("./asking.js").Question} */
export function questionOf({ chatId, content, id, sessionId }) {
  return { chatId, prompt: content, stored: { id, sessionId } };
}

/**
 * True if the history is more recent than this page's run.
 * @param {import("../answers/run.js").Run} run the prompt's @param {Message} prompt @param {Standing} standing
 */
export function isOutdated(run, prompt, standing) {
  const ofPrompt = run.session.sessionId === prompt.sessionId;
  if (!run.ended) return standing === "ended" && ofPrompt;
  if (standing === "ended") return !ofPrompt || !run.unrecorded || run.over;
  return standing === "answered" || isUnderWay(prompt.status) || !run.unrecorded;
}
