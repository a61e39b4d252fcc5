/** The sign-in dialog: user and tier. */

import { sentence } from "../service/http.js";
import { part } from "./dom.js";

/** @typedef {{user: string, tier: string}} Person */

export class AccountDialog {
  #dialog = part("account", HTMLDialogElement);
  #form = part("account-form", HTMLFormElement);
  #user = part("account-user", HTMLInputElement);
  #error = part("account-error", HTMLParagraphElement);
  #change;

  /** @param {(person: Person) => Promise<void>} change may reject with an error to show */
  constructor(change) {
    this.#change = change;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#onSubmit();
    });
    part("account-cancel", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    // A click whose target is the dialog itself is outside the form, on the backdrop.
    this.#dialog.addEventListener("pointerdown", ({ target }) => target === this.#dialog && this.#dialog.close());
  }

  /** @param {Person} person */
  open({ user, tier }) {
    this.#user.value = user;
    const radios = this.#form.elements.namedItem("tier");
    if (radios instanceof RadioNodeList) radios.value = tier;
    this.#error.hidden = true;
    this.#dialog.showModal();
    this.#user.select();
  }

  async #onSubmit() {
    const data = new FormData(this.#form);
    const person = { user: String(data.get("user")).trim(), tier: String(data.get("tier")) };
    try {
      await this.#change(person);
      this.#dialog.close();
    } catch (error) {
      this.#error.textContent = sentence(error);
      this.#error.hidden = false;
    }
  }
}
