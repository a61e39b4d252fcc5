/** A code block: language, copy button, and the code as plain text. */

import { el } from "../views/dom.js";
import { copyButton } from "../views/copy_button.js";

/** @param {string} language may be empty @param {string} text */
export function codeBlock(language, text) {
  const code = document.createTextNode(text);
  const label = language ? `Code, ${language}` : "Code";
  const element = el(
    "div",
    { class: "code" },
    el("div", { class: "code-bar" }, el("span", { class: "code-language" }, language || "code"), copyButton(() => code.data, "Copy the code")),
    el("pre", { tabindex: "0", role: "region", "aria-label": label }, el("code", {}, code)),
  );
  return {
    element,
    /** @param {string} next the new code, usually the old one extended */
    update(next) {
      if (next.startsWith(code.data)) code.appendData(next.slice(code.data.length));
      else code.data = next;
    },
  };
}
