/** Which prompts of a chat are answered, and how the others stand. Pure functions. */

import { endedWithoutAnswer, expiryOf } from "./awaiting.js";
import { LONGEST_STREAM_MS } from "./config.js";

/**
 * @typedef {import("./types.js").Message} Message
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
  if (status === "pending" || status === "streaming") return "open";
  // The first version of the service says of every prompt that it is complete.
  if (answersTo(prompt, messages).length) return "answered";
  return now < expiryOf(prompt) + LONGEST_STREAM_MS ? "open" : "late";
}

/** Those of its session, and those that directly follow it. @param {Message} prompt @param {Message[]} messages */
function answersTo(prompt, messages) {
  const next = messages[messages.indexOf(prompt) + 1];
  return messages.filter((one) => one.role === "assistant" && (one.sessionId === prompt.sessionId || one === next));
}
