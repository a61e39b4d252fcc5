/**
 * Renders Markdown to sanitised DOM: marked produces HTML, DOMPurify removes unsafe parts.
 *
 * HTML in an answer is shown as text, except for a few harmless tags. Images become links, because loading one could leak
 * the chat to another host. Code blocks are inserted as text, never as HTML (`code_block.js`).
 */

import DOMPurify from "../../vendor/dompurify/purify.es.mjs";
import { Marked } from "../../vendor/marked/marked.esm.js";
import { codeBlock } from "./code_block.js";

const HARMLESS_TAG = /^<\/?(?:br|kbd|mark|sub|sup)\s*\/?>$/i;
const CHECKED = "☑ ";
const UNCHECKED = "☐ ";

const marked = new Marked({
  gfm: true,
  renderer: {
    html: ({ text, block }) => {
      const shown = HARMLESS_TAG.test(text.trim()) ? text : escape(text);
      return block ? `<p>${shown}</p>` : shown;
    },
    image: ({ href, text }) => `<a href="${escape(href)}">${escape(text || href)}</a>`,
    checkbox: ({ checked }) => (checked ? CHECKED : UNCHECKED),
  },
});

const ALLOWED = {
  ALLOWED_TAGS: [
    ..."a b blockquote br code del em h1 h2 h3 h4 h5 h6 hr i kbd li mark ol p pre s strong sub sup".split(" "),
    ..."table tbody td th thead tr ul #text".split(" "),
  ],
  ALLOWED_ATTR: ["align", "class", "href", "start", "title"],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  ADD_URI_SAFE_ATTR: ["align", "start"],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: /** @type {true} */ (true),
};

/** The block-level tokens of a text; their concatenated `raw` parts equal the text. @param {string} text */
export function blocksOf(text) {
  return marked.lexer(text);
}

/** @param {import("../../vendor/marked/marked.esm.js").Token} block @returns {string} unsafe HTML, only for `toFragment` */
export function toHtml(block) {
  return marked.parser([block]);
}

/** @param {string} html @returns {DocumentFragment} */
export function toFragment(html) {
  const fragment = DOMPurify.sanitize(html, ALLOWED);
  for (const link of fragment.querySelectorAll("a")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  for (const pre of fragment.querySelectorAll("pre")) {
    const language = /language-(\S+)/.exec(pre.firstElementChild?.className ?? "")?.[1] ?? "";
    pre.replaceWith(codeBlock(language, pre.textContent.replace(/\n$/, "")).element);
  }
  for (const table of fragment.querySelectorAll("table")) scrollable(table);
  return fragment;
}

/** Wraps a wide table in a scrollable region, which the arrow keys can scroll too. @param {HTMLTableElement} table */
function scrollable(table) {
  const frame = document.createElement("div");
  frame.className = "table-frame";
  frame.tabIndex = 0;
  frame.role = "region";
  frame.ariaLabel = "Table";
  table.replaceWith(frame);
  frame.append(table);
}

/** @param {string} text */
function escape(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
