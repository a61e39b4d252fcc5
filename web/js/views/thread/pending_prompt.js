/** A prompt that the service cannot accept yet: shows the reason and a countdown to the next attempt. */

import { held } from "../../answers/answer_state.js";
import { announce } from "../announcer.js";
import { statusOf } from "./blocker.js";

/** @typedef {import("./answer_message.js").AnswerMessage} AnswerMessage */

export class PendingPrompt {
  #thread;
  #prompt;
  #given = new AbortController();
  #sendNow = () => {};
  /** @type {AnswerMessage | null} */
  #message = null;

  /** @param {import("./thread.js").Thread} thread @param {string} prompt */
  constructor(thread, prompt) {
    this.#thread = thread;
    this.#prompt = prompt;
  }

  /** Aborts when the user cancels the prompt. */
  get givenUp() {
    return this.#given.signal;
  }

  /** @param {import("../../types.js").Blocker} blocker @param {() => void} sendNow */
  show(blocker, sendNow) {
    this.#sendNow = sendNow;
    const state = held({ modelId: "", prompt: this.#prompt }, blocker);
    if (this.#message) this.#message.show(state);
    else this.#message = this.#thread.addAnswer(state, { tryNow: () => this.#sendNow(), leave: () => this.#given.abort() });
    if (blocker.retryAt) announce(statusOf(state));
  }

  remove() {
    this.#message?.element.remove();
  }
}
