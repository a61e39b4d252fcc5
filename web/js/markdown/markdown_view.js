/**
 * Renders growing Markdown text. Only the last blocks are parsed and rendered again; earlier ones are settled, so the
 * cost of a token does not grow with the answer.
 *
 * A later line can still change the last block and, in a list, the one before it (a line "2" becomes the item "2. ..."),
 * so these two are never settled. The complete text is parsed once more as a whole, because of links defined at the end,
 * and blocks that differ are replaced.
 */

import { el } from "../views/dom.js";
import { codeBlock } from "./code_block.js";
import { blocksOf, toFragment, toHtml } from "./render.js";

const UNSETTLED = 2;
const INVISIBLE = new Set(["space", "def"]);

/**
 * @typedef {import("../../vendor/marked/marked.esm.js").Token} Token
 * @typedef {import("../../vendor/marked/marked.esm.js").Tokens.Code} Code
 * @typedef {{key: string, element: HTMLElement, code: ReturnType<typeof codeBlock> | null}} Drawn
 */

export class MarkdownView {
  #root;
  /** @type {Drawn[]} */
  #drawn = [];
  #settledBlocks = 0;
  #settledLength = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /** @param {string} text the text so far @param {{complete: boolean}} state */
  update(text, { complete }) {
    const source = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
    if (complete) this.#settledBlocks = this.#settledLength = 0;
    const tokens = blocksOf(source.slice(this.#settledLength));
    const visible = tokens.filter((token) => !INVISIBLE.has(token.type));
    visible.forEach((token, index) => this.#draw(this.#settledBlocks + index, token));
    for (const extra of this.#drawn.splice(this.#settledBlocks + visible.length)) extra.element.remove();
    if (!complete) this.#settle(tokens, visible);
  }

  /** @param {Token[]} tokens @param {Token[]} visible */
  #settle(tokens, visible) {
    const firstOpen = visible.at(-UNSETTLED);
    if (!firstOpen) return;
    const settled = tokens.slice(0, tokens.indexOf(firstOpen));
    this.#settledLength += settled.reduce((length, token) => length + token.raw.length, 0);
    this.#settledBlocks += Math.max(visible.length - UNSETTLED, 0);
  }

  /** @param {number} index @param {Token} token */
  #draw(index, token) {
    const old = this.#drawn[index];
    const code = token.type === "code" ? /** @type {Code} */ (token) : null;
    const key = code ? `code:${code.lang ?? ""}` : toHtml(token);
    if (old?.key === key) {
      if (code) old.code?.update(code.text);
      return;
    }
    const block = code && codeBlock(code.lang?.split(/\s/)[0] ?? "", code.text);
    const element = el("div", { class: "block" }, block?.element ?? toFragment(key));
    if (old) old.element.replaceWith(element);
    else this.#root.append(element);
    this.#drawn[index] = { key, element, code: block };
  }
}
