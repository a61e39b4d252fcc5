/** An alert above the message box for a failed action. */

import { el, icon, part } from "./dom.js";

const box = () => part("alert", HTMLDivElement);

/** @param {string} message @param {{label: string, act: () => void}} [remedy] */
export function showAlert(message, remedy) {
  const dismiss = el("button", { type: "button", class: "icon-button", "aria-label": "Dismiss", click: hideAlert }, icon("close"));
  const act = remedy && el("button", { type: "button", class: "text-button", click: () => (hideAlert(), remedy.act()) }, remedy.label);
  box().replaceChildren(el("p", {}, message), act ?? "", dismiss);
  box().hidden = false;
}

export function hideAlert() {
  box().hidden = true;
  box().replaceChildren();
}
