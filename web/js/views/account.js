/** The dialog in which a user and a tier are chosen. */

import { sentence } from "../service/http.js";
import { part } from "./dom.js";

/** @typedef {{user: string, tier: string}} Person */

export class AccountDialog {
  #dialog = part("account", HTMLDialogElement);
  #form = part("account-form", HTMLFormElement);
  #user = part("account-user", HTMLInputElement);
  #error = part("account-error", HTMLParagraphElement);
  #change;

  /** @param {(person: Person) => Promise<void>} change may fail, with a reason for the user */
  constructor(change) {
    this.#change = change;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#onSubmit();
    });
    part("account-cancel", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    // A click on the dialog's own box is one beside the form: on the backdrop.
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
