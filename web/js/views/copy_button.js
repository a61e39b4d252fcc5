/** A button that copies a text and confirms it. */

import { announce } from "./announcer.js";
import { el, icon } from "./dom.js";

const CONFIRM_MS = 2000;

/** @param {() => string} text @param {string} label for screen readers */
export function copyButton(text, label) {
  const words = el("span", {}, "Copy");
  const button = el("button", { type: "button", class: "quiet-button copy", "aria-label": label, click: onClick }, icon("copy"), words);

  async function onClick() {
    const copied = await copy(text());
    words.textContent = copied ? "Copied" : "Not copied";
    announce(copied ? "Copied." : "The browser did not allow copying.");
    setTimeout(() => (words.textContent = "Copy"), CONFIRM_MS);
  }

  return button;
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** Fallback without the clipboard API, which requires a secure origin. @param {string} text */
function copyBySelection(text) {
  const focused = document.activeElement;
  const area = el("textarea", { class: "visually-hidden", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
