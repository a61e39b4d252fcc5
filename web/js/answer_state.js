/** Answers as the page shows them, made from what the history stores or from a run. Pure functions. */

/**
 * @typedef {import("./types.js").AnswerState} AnswerState
 * @typedef {import("./types.js").Message} Message
 */

/** @type {Record<string, string>} */
const FINISH_NOTES = {
  stopped: "You stopped this answer.",
  length: "The answer reached the model's length limit.",
  content_filter: "The provider's content filter ended this answer.",
};

const NONE = "There is no answer to this message.";
const INTERRUPTED = "This answer was interrupted. What had been written is kept.";

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
    note: interrupted ? INTERRUPTED : finishNote(message.status === "stopped" ? "stopped" : message.finishReason),
    failed: interrupted,
    canRetry: interrupted,
  };
}

/** @param {import("./run.js").Run} run @returns {AnswerState} */
export function fromRun(run) {
  const { done, error, session } = run;
  return {
    text: run.text,
    phase: run.phase,
    modelId: session.modelId,
    command: isCommand(session.prompt),
    usage: done?.usage ?? null,
    cached: done?.cached ?? false,
    savedUsd: done?.savedUsd ?? null,
    note: run.over ? NONE : error?.message ?? finishNote(done?.finishReason ?? null),
    failed: error !== null,
    canRetry: run.over || (error?.retryable ?? false),
  };
}

/**
 * A prompt whose answer is not stored and cannot be followed from here.
 * @typedef {{modelId: string, prompt: string, text?: string}} Asked `text`: what was received of the answer
 */

/** Its answer may still be written: in another window, for example. @param {Asked} asked @returns {AnswerState} */
export function awaited({ modelId, prompt, text = "" }) {
  return { text, phase: "elsewhere", modelId, command: isCommand(prompt), usage: null, cached: false, savedUsd: null, note: null, failed: false, canRetry: false };
}

/** It is too late for an answer. @param {Asked} asked @returns {AnswerState} */
export function unanswered(asked) {
  return { ...awaited(asked), phase: "ended", note: asked.text ? INTERRUPTED : NONE, failed: true, canRetry: true };
}

/** A slash command; two slashes begin an ordinary message. @param {string} prompt */
export function isCommand(prompt) {
  return prompt.startsWith("/") && !prompt.startsWith("//");
}

/** @param {string | null} reason */
function finishNote(reason) {
  return (reason && FINISH_NOTES[reason]) ?? null;
}
