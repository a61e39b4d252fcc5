/** What the user said: plain text, as it was typed. */

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
