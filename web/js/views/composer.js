/** The message box with its buttons: Send, and Stop while an answer is in progress. */

import { part } from "./dom.js";

const TALLEST_PX = 220;
/** On touch devices Enter adds a line, as is usual there, and the page does not open the keyboard by itself. */
const touch = matchMedia("(pointer: coarse)");

export class Composer {
  #form = part("composer", HTMLFormElement);
  #box = part("prompt", HTMLTextAreaElement);
  #send = part("send", HTMLButtonElement);
  #stop = part("stop", HTMLButtonElement);
  #submit;
  /** @type {"idle" | "sending" | "writing" | "stopping"} */
  #state = "idle";

  /** @param {{submit: (prompt: string) => void, stop: () => void}} actions */
  constructor({ submit, stop }) {
    this.#submit = submit;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#onSubmit();
    });
    this.#box.addEventListener("input", () => this.#refresh());
    this.#box.addEventListener("keydown", (event) => this.#onKey(event));
    this.#stop.addEventListener("click", () => {
      this.focus();
      stop();
    });
    this.#refresh();
  }

  focus() {
    if (!touch.matches) this.#box.focus({ preventScroll: true });
  }

  /** Puts a text back into the box, unless the user has typed something else. @param {string} text */
  restore(text) {
    if (!this.#box.value) this.#box.value = text;
    this.#refresh();
  }

  /** Empties the box. */
  clear() {
    this.#box.value = "";
    this.#refresh();
  }

  /**
   * @param {"idle" | "sending" | "writing" | "stopping"} state
   *   sending: the request is in flight; writing: an answer is in progress and can be stopped
   */
  show(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#stop.hidden = state !== "writing" && state !== "stopping";
    this.#stop.disabled = state === "stopping";
    this.#send.hidden = !this.#stop.hidden;
    this.#refresh();
  }

  #onSubmit() {
    const prompt = this.#box.value.trim();
    if (!prompt || this.#state !== "idle") return;
    this.#box.value = "";
    this.#refresh();
    this.#submit(prompt);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    // While an input method composes a character, Enter confirms it (older Safari reports keyCode 229).
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229 || touch.matches) return;
    event.preventDefault();
    this.#onSubmit();
  }

  #refresh() {
    this.#send.disabled = this.#state !== "idle" || !this.#box.value.trim();
    this.#box.style.height = "auto";
    this.#box.style.height = `${Math.min(this.#box.scrollHeight, TALLEST_PX)}px`;
    this.#box.classList.toggle("full", this.#box.scrollHeight > TALLEST_PX);
  }
}
