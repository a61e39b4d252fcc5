/** The frame of a widget: title, unit of the axis, and content. */

import { el } from "../dom.js";

let cards = 0;

/** @param {import("../types.js").Widget} widget @param {...Node} children */
export function card(widget, ...children) {
  const id = `title-${++cards}`;
  const unit = widget.unit ? [el("span", { class: "card-unit" }, widget.unit)] : [];
  const head = el("div", { class: "card-head" }, el("h3", { id }, widget.title), ...unit);
  return el("section", { class: "card", "aria-labelledby": id }, head, ...children);
}
