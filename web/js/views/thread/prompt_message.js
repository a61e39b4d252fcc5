/** The user's message as plain text. */

import { el } from "../dom.js";

/** @param {string} text */
export function promptMessage(text) {
  return el(
    "article",
    { class: "message prompt" },
    el("h2", { class: "visually-hidden" }, "You"),
    el("div", { class: "bubble" }, text),
  );
}
