/** Builds the view model of an answer from a stored message or a run. Pure functions. */

import { duration, sentenceOf } from "../sentences.js";

/**
 * @typedef {import("../types.js").AnswerState} AnswerState
 * @typedef {import("../types.js").Message} Message
 */

const STOPPED = "You stopped this answer.";

/** @type {Record<string, string>} */
const FINISH_NOTES = {
  stopped: STOPPED,
  length: "The answer reached the model's length limit.",
  content_filter: "The provider's content filter ended this answer.",
};

/** @param {Message} message an assistant's @returns {AnswerState} */
export function fromMessage(message) {
  const interrupted = message.status === "interrupted";
  return {
    text: message.content,
    phase: "ended",
    modelId: message.modelId,
    command: message.kind === "command",
    usage: message.usage,
    cached: message.cached,
    savedUsd: message.savedUsd,
    note: interrupted ? interruption(message.code) : finishNote(message.status === "stopped" ? "stopped" : message.finishReason),
    failed: interrupted,
    canRetry: interrupted && (message.retryable ?? true),
  };
}

/** @param {import("./run.js").Run} run @returns {AnswerState} */
export function fromRun(run) {
  const { done, error, session } = run;
  return {
    text: run.text,
    phase: run.phase,
    blocker: run.blocker,
    modelId: session.modelId,
    command: isCommand(session.prompt),
    usage: done?.usage ?? null,
    cached: done?.cached ?? false,
    savedUsd: done?.savedUsd ?? null,
    note: error ? failure(error, run.over ? "" : run.text) : finishNote(done?.finishReason ?? null),
    failed: error !== null,
    canRetry: run.over || (error?.retryable ?? false),
  };
}

/**
 * A prompt whose answer is not stored and cannot be followed by this page.
 * @typedef {{modelId: string, prompt: string, text?: string}} Asked `text`: what was received of the answer
 */

/** An answer that may be in progress elsewhere, for example in another window. @param {Asked} asked @returns {AnswerState} */
export function awaited({ modelId, prompt, text = "" }) {
  return { text, phase: "elsewhere", modelId, command: isCommand(prompt), usage: null, cached: false, savedUsd: null, note: null, failed: false, canRetry: false };
}

/** A prompt that the service has not accepted yet. @param {Asked} asked @param {import("../types.js").Blocker} blocker @returns {AnswerState} */
export function held(asked, blocker) {
  return { ...awaited(asked), phase: "held", blocker };
}

/** A prompt without an answer, past the deadline. @param {Asked} asked @returns {AnswerState} */
export function unanswered(asked) {
  return { ...awaited(asked), phase: "ended", note: asked.text ? interruption() : sentenceOf("session_not_found"), failed: true, canRetry: true };
}

/** A prompt that ended without an answer, according to the history. @param {Message} prompt @returns {AnswerState} */
export function fromPrompt(prompt) {
  const stopped = prompt.status === "stopped";
  return {
    ...awaited({ modelId: prompt.modelId, prompt: prompt.content }),
    phase: "ended",
    note: stopped ? STOPPED : sentenceOf(prompt.code ?? "session_not_found"),
    failed: !stopped,
    canRetry: !stopped && (prompt.retryable ?? true),
  };
}

/** True for a slash command; two slashes start an ordinary message. @param {string} prompt */
export function isCommand(prompt) {
  return prompt.startsWith("/") && !prompt.startsWith("//");
}

/** @param {import("../types.js").ErrorEvent} error @param {string} kept the stored text of the answer */
function failure({ code, message, retryAfterSeconds }, kept) {
  const wait = retryAfterSeconds ? ` It may work again in ${duration(retryAfterSeconds * 1000)}.` : "";
  return `${sentenceOf(code, message)}${kept ? " The text so far is kept." : ""}${wait}`;
}

/** @param {string | null} [code] */
function interruption(code) {
  return `${sentenceOf(code ?? "interrupted")} The text so far is kept.`;
}

/** @param {string | null} reason */
function finishNote(reason) {
  return (reason && FINISH_NOTES[reason]) ?? null;
}
