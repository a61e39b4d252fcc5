/** Formats why an answer is blocked, and the time until the next attempt. */

import { duration, sentenceOf } from "../../sentences.js";

/** @typedef {import("../../types.js").AnswerState} AnswerState */

/** Codes that mean that the connection is lost. */
const NO_CONNECTION = new Set(["dropped", "offline", "unreachable"]);

/** @param {Pick<AnswerState, "phase" | "blocker">} state @returns {string} */
export function statusOf({ phase, blocker }) {
  if (!blocker) return "";
  const { code, message, retryAt } = blocker;
  const reason = sentenceOf(code, message);
  if (phase === "paused") return reason;
  const next = phase === "held" ? "Sending it again" : NO_CONNECTION.has(code) ? "Reconnecting" : "Trying again";
  const left = (retryAt ?? 0) - Date.now();
  return left > 0 ? `${reason} ${next} in ${duration(left)}` : `${reason} ${next}`;
}
