/** An answer, in progress or stored: text, status, and details. */

import { MarkdownView } from "../../markdown/markdown_view.js";
import { copyButton } from "../copy_button.js";
import { el, icon } from "../dom.js";
import { statusOf } from "./blocker.js";

/**
 * @typedef {import("../../types.js").AnswerState} AnswerState
 *
 * @typedef {object} Actions the buttons' actions; a phase whose action is absent does not occur
 * @property {() => void} [retry] requests the answer again
 * @property {() => void} [tryNow] skips the delay before the next attempt
 * @property {() => void} [follow]
 * @property {() => void} leave
 */

/** Maximum share of time spent rendering, independent of the answer's length. */
const DRAWING_SHARE = 0.2;

/** @type {Record<string, string>} */
const PROGRESS = {
  waiting: "Thinking",
  writing: "Writing",
  stopping: "Stopping",
  elsewhere: "The answer is being written, perhaps in another window. It will appear here",
  paused: "Not following this answer.",
};

const LEFT_IN_THE_MIDDLE = "Not following. The answer continues and will be stored.";

export class AnswerMessage {
  #actions;
  #text = el("div", { class: "markdown" });
  #status = el("div", { class: "answer-status" });
  #foot = el("footer", { class: "answer-foot" });
  #markdown = new MarkdownView(this.#text);
  /** @type {AnswerState | null} */
  #state = null;
  #frame = 0;
  #notBefore = 0;
  #reason = el("span", { class: "reason" });
  #clock = 0;

  /** @param {Actions} actions */
  constructor(actions) {
    this.#actions = actions;
    this.element = el(
      "article",
      { class: "message answer" },
      el("h2", { class: "visually-hidden" }, "Answer"),
      this.#text,
      this.#status,
      this.#foot,
    );
  }

  /** The rendered text without Markdown syntax. */
  get plainText() {
    return this.#text.innerText;
  }

  /** Shows a state: at the next frame while in progress, immediately when complete. @param {AnswerState} state */
  show(state) {
    const before = this.#state;
    this.#state = state;
    if (before?.phase !== state.phase) this.#showStatus(state);
    this.#showBlocker(state);
    if (state.phase === "ended" || before === null) this.#draw();
    else this.#frame ||= requestAnimationFrame(this.#onFrame);
  }

  #onFrame = () => {
    this.#frame = 0;
    if (performance.now() >= this.#notBefore) this.#draw();
    else this.#frame = requestAnimationFrame(this.#onFrame);
  };

  #draw() {
    const state = /** @type {AnswerState} */ (this.#state);
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const started = performance.now();
    const complete = state.phase === "ended";
    this.#markdown.update(state.text, { complete });
    if (complete) this.#showFoot(state);
    const ended = performance.now();
    this.#notBefore = ended + (ended - started) * (1 / DRAWING_SHARE - 1);
  }

  /** @param {AnswerState} state */
  #showStatus({ phase, text }) {
    this.element.dataset.phase = phase;
    this.element.setAttribute("aria-busy", String(phase !== "ended" && phase !== "paused"));
    this.#status.replaceChildren();
    if (phase === "ended") return;
    const moving = phase !== "paused" && el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
    this.#reason.textContent = phase === "paused" && text ? LEFT_IN_THE_MIDDLE : (PROGRESS[phase] ?? "");
    this.#status.append(el("span", {}, this.#reason, moving), el("span", {}, ...this.#buttons(phase)));
  }

  /** @param {import("../../types.js").Phase} phase */
  #buttons(phase) {
    const { leave, follow, tryNow } = this.#actions;
    if (phase === "writing" || phase === "waiting") return [quiet("Stop following", leave)];
    if (phase === "retrying") return [quiet("Try now", tryNow), quiet("Stop following", leave)];
    if (phase === "held") return [quiet("Send now", tryNow), quiet("Cancel", leave)];
    return phase === "paused" ? [quiet("Follow again", follow)] : [];
  }

  /** Updates only the text, once a second, so that a button keeps the focus. @param {AnswerState} state */
  #showBlocker(state) {
    clearTimeout(this.#clock);
    if (!state.blocker) return;
    const reason = statusOf(state);
    if (this.#reason.textContent !== reason) this.#reason.textContent = reason;
    const left = (state.blocker.retryAt ?? 0) - Date.now();
    if (left > 0) this.#clock = setTimeout(() => this.element.isConnected && this.#showBlocker(state), left % 1000 || 1000);
  }

  /** @param {AnswerState} state */
  #showFoot(state) {
    const { text, note, failed, canRetry, command, modelId } = state;
    this.#foot.replaceChildren();
    if (note) this.#foot.append(el("p", { class: failed ? "note failed" : "note" }, note));
    const row = el("div", { class: "facts" });
    if (canRetry) row.append(el("button", { type: "button", class: "button retry", click: () => this.#actions.retry?.() }, icon("retry"), "Try again"));
    if (text) row.append(copyButton(() => text, "Copy the answer"));
    if (text) row.append(el("span", { class: "fact" }, command ? "command" : modelId), ...facts(state));
    if (row.hasChildNodes()) this.#foot.append(row);
  }
}

/** @param {string} label @param {() => void} [click] */
function quiet(label, click = () => {}) {
  return el("button", { type: "button", class: "quiet-button", click }, label);
}

/** @param {AnswerState} state */
function facts({ usage, cached, savedUsd }) {
  const items = [];
  if (usage) {
    const [input, output] = [usage.inputTokens, usage.outputTokens].map((count) => count.toLocaleString("en"));
    items.push(el("span", { class: "fact", title: "Input and output tokens, as the provider counts them" }, `${input} tokens in, ${output} out`));
  }
  if (cached) {
    const saved = savedUsd ? `, saved $${savedUsd.toPrecision(2)}` : "";
    items.push(el("span", { class: "fact", title: "Answered from the cache, without a call to the provider" }, `cached${saved}`));
  }
  return items;
}
