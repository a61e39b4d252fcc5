/** How the prompts of a chat stand, as the history tells and as this page knows. Pure functions. */

import { endedWithoutAnswer, expiryOf, isUnderWay } from "../answers/awaiting.js";
import { LONGEST_STREAM_MS } from "../config.js";

/**
 * @typedef {import("../types.js").Message} Message
 *
 * @typedef {"answered" | "ended" | "open" | "late"} Standing
 *   ended: without an answer, as the history says; open: its answer is being written, or may be; late: it cannot be any more
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
  // The first version of the service says of every prompt that it is complete.
  if (answersTo(prompt, messages).length) return "answered";
  return now < expiryOf(prompt) + LONGEST_STREAM_MS ? "open" : "late";
}

/** Those of its session, and those that directly follow it. @param {Message} prompt @param {Message[]} messages */
function answersTo(prompt, messages) {
  const next = messages[messages.indexOf(prompt) + 1];
  return messages.filter((one) => one.role === "assistant" && (one.sessionId === prompt.sessionId || one === next));
}

/** What is asked for when its answer is wanted again. @param {Message} prompt @returns {import("./asking.js").Question} */
export function questionOf({ chatId, content, id, sessionId }) {
  return { chatId, prompt: content, stored: { id, sessionId } };
}

/**
 * Whether the history knows more of a prompt than this page.
 * @param {import("../answers/run.js").Run} run the prompt's @param {Message} prompt @param {Standing} standing
 */
export function isOutdated(run, prompt, standing) {
  const ofPrompt = run.session.sessionId === prompt.sessionId;
  if (!run.ended) return standing === "ended" && ofPrompt;
  if (standing === "ended") return !ofPrompt || !run.untold || run.over;
  return standing === "answered" || isUnderWay(prompt.status) || !run.untold;
}
