/**
 * The model picker: a button with a listbox (https://www.w3.org/WAI/ARIA/apg/patterns/listbox/). Models outside the
 * user's tier are shown as locked, with their tier. It is not a `select`, whose disabled options are not reachable with
 * the keyboard and cannot explain why they are locked.
 */

import { announce } from "./announcer.js";
import { el, icon, part } from "./dom.js";

/** @typedef {import("../types.js").Model} Model */

const HINT = "Prices are in US dollars per million input and output tokens.";

export class ModelPicker {
  #button = part("picker-button", HTMLButtonElement);
  #value = part("picker-value", HTMLSpanElement);
  #panel = part("picker-panel", HTMLDivElement);
  #list = part("picker-list", HTMLUListElement);
  #note = part("picker-note", HTMLParagraphElement);
  /** @type {Model[]} */
  #models = [];
  #tier = "";
  #chosen = "";
  #active = 0;
  #onChoose;

  /** @param {(modelId: string) => void} onChoose */
  constructor(onChoose) {
    this.#onChoose = onChoose;
    this.#button.addEventListener("click", () => (this.#panel.hidden ? this.#open() : this.#close()));
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
    this.#list.addEventListener("click", (event) => this.#onClick(event));
    this.#panel.addEventListener("focusout", ({ relatedTarget }) => {
      const inside = relatedTarget instanceof Node && (this.#panel.contains(relatedTarget) || relatedTarget === this.#button);
      if (relatedTarget && !inside) this.#close({ focus: false });
    });
    addEventListener("pointerdown", ({ target }) => {
      const inside = target instanceof Node && (this.#panel.contains(target) || this.#button.contains(target));
      if (!inside) this.#close({ focus: false });
    });
  }

  /** The chosen model's id; empty if there is none. */
  get chosen() {
    return this.#chosen;
  }

  /** @param {Model[]} models @param {string} tier the user's @param {string | null} preferred */
  show(models, tier, preferred) {
    this.#models = models;
    this.#tier = tier;
    const allowed = models.filter((model) => model.allowed);
    this.#chosen = (allowed.find((model) => model.id === preferred) ?? allowed[0])?.id ?? "";
    this.#value.textContent = this.#chosen || "No model";
    this.#button.disabled = models.length === 0;
    this.#list.replaceChildren(...models.map((model, index) => option(model, index, model.id === this.#chosen)));
  }

  #open() {
    this.#panel.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    this.#note.textContent = HINT;
    this.#list.focus({ preventScroll: true });
    this.#activate(Math.max(this.#models.findIndex((model) => model.id === this.#chosen), 0));
  }

  #close({ focus = true } = {}) {
    if (this.#panel.hidden) return;
    this.#panel.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
    if (focus) this.#button.focus();
  }

  /** @param {number} index */
  #activate(index) {
    const options = [...this.#list.children];
    this.#active = Math.min(Math.max(index, 0), options.length - 1);
    options.forEach((one, at) => one.classList.toggle("active", at === this.#active));
    const active = options[this.#active];
    this.#list.setAttribute("aria-activedescendant", active.id);
    active.scrollIntoView({ block: "nearest" });
  }

  #chooseActive() {
    const model = this.#models[this.#active];
    if (!model.allowed) {
      const reason = `${model.id} is part of the tier ${model.tier}; yours is ${this.#tier}.`;
      this.#note.textContent = reason;
      announce(reason);
      return;
    }
    this.show(this.#models, this.#tier, model.id);
    this.#onChoose(model.id);
    this.#close();
  }

  /** @param {MouseEvent} event */
  #onClick({ target }) {
    const chosen = target instanceof Element && target.closest("[role=option]");
    if (!chosen) return;
    this.#activate([...this.#list.children].indexOf(chosen));
    this.#chooseActive();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const action = {
      ArrowDown: () => this.#activate(this.#active + 1),
      ArrowUp: () => this.#activate(this.#active - 1),
      Home: () => this.#activate(0),
      End: () => this.#activate(this.#models.length - 1),
      Enter: () => this.#chooseActive(),
      " ": () => this.#chooseActive(),
      Escape: () => this.#close(),
      Tab: () => this.#close(),
    }[event.key];
    if (action) {
      if (event.key !== "Tab") event.preventDefault();
      action();
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
      this.#find(event.key.toLowerCase());
    }
  }

  /** Activates the next model that starts with a letter. @param {string} letter */
  #find(letter) {
    const count = this.#models.length;
    for (let step = 1; step <= count; step += 1) {
      const index = (this.#active + step) % count;
      if (this.#models[index].id.toLowerCase().startsWith(letter)) {
        this.#activate(index);
        return;
      }
    }
  }
}

/** @param {Model} model @param {number} index @param {boolean} selected */
function option({ id, provider, providerName, tier, contextWindow, price, allowed }, index, selected) {
  const costs = `$${price.inputPerMillion.toFixed(2)} in, $${price.outputPerMillion.toFixed(2)} out`;
  return el(
    "li",
    {
      class: "model",
      role: "option",
      id: `model-${index}`,
      "data-model": id,
      "aria-selected": String(selected),
      "aria-disabled": allowed ? null : "true",
    },
    el("span", { class: "model-mark" }, allowed ? (selected ? icon("check") : null) : icon("lock")),
    el("span", { class: "model-name" }, id),
    el("span", { class: "model-facts" }, `${providerName ?? provider} · ${tokens(contextWindow)} context · ${costs}`),
    allowed ? null : el("span", { class: "badge" }, el("span", { class: "visually-hidden" }, "locked, part of the tier "), tier),
  );
}

/** @param {number} count */
function tokens(count) {
  return count < 1_000_000 ? `${Math.round(count / 1000)}k` : `${Number((count / 1_000_000).toFixed(2))}M`;
}
