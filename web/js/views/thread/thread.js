/** The messages of the open chat, or a placeholder. */

import { SUGGESTIONS } from "../../config.js";
import { AnswerMessage } from "./answer_message.js";
import { el, part } from "../dom.js";
import { promptMessage } from "./prompt_message.js";

/**
 * @typedef {import("./answer_message.js").Actions} Actions
 * @typedef {import("../../types.js").AnswerState} AnswerState
 */

export class Thread {
  #root = part("thread", HTMLElement);
  #suggest;

  /** @param {(prompt: string) => void} suggest called with the chosen suggestion */
  constructor(suggest) {
    this.#suggest = suggest;
  }

  clear() {
    this.#root.replaceChildren();
  }

  showLoading() {
    const lines = [el("span"), el("span"), el("span")];
    this.#root.replaceChildren(el("div", { class: "loading", role: "img", "aria-label": "Loading the chat" }, ...lines));
  }

  /** Shows a new chat. */
  showEmpty() {
    const choices = SUGGESTIONS.map((prompt) =>
      el("li", {}, el("button", { type: "button", class: "suggestion", click: () => this.#suggest(prompt) }, prompt)),
    );
    this.#root.replaceChildren(
      el(
        "section",
        { class: "empty" },
        el("h2", {}, "What would you like to know?"),
        el("p", {}, "Answers arrive word by word, and every chat is kept."),
        el("ul", { class: "suggestions", "aria-label": "Suggestions" }, ...choices),
      ),
    );
  }

  /** Shows why a chat cannot be loaded. @param {string} reason @param {(() => void) | null} retry */
  showFailure(reason, retry) {
    this.#root.replaceChildren(
      el(
        "section",
        { class: "empty", role: "alert" },
        el("h2", {}, "This chat cannot be shown"),
        el("p", {}, reason),
        el(
          "p",
          { class: "empty-actions" },
          retry && el("button", { type: "button", class: "button", click: retry }, "Try again"),
          el("a", { class: "button", href: "#/" }, "New chat"),
        ),
      ),
    );
  }

  /** @param {string} text @returns {HTMLElement} */
  addPrompt(text) {
    this.#root.querySelector(".empty")?.remove();
    const message = promptMessage(text);
    this.#root.append(message);
    return message;
  }

  /** @param {AnswerState} state @param {Actions} actions */
  addAnswer(state, actions) {
    const message = new AnswerMessage(actions);
    message.show(state);
    this.#root.append(message.element);
    return message;
  }
}
