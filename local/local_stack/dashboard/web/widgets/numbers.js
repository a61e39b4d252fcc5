/** A widget of numbers, each with a sparkline if the template enables it. */

import { card } from "./card.js";
import { colorsOf } from "../colors.js";
import { colored, el, svg } from "../dom.js";
import { kindOf, parts } from "../format.js";
import { areaPath, linePath, points } from "../chart/shape.js";

const WIDTH = 100;
const HEIGHT = 30;

export class Numbers {
  #list = el("dl", { class: "numbers" });

  /** @param {import("../types.js").Widget} widget */
  constructor(widget) {
    this.element = card(widget, this.#list);
    this.element.classList.toggle("sparked", widget.sparkline);
  }

  /** @param {import("../types.js").Widget} widget */
  show(widget) {
    const colors = colorsOf(widget.lines);
    this.#list.replaceChildren(...widget.lines.map((line, index) => number(widget, line, colors[index])));
  }
}

function number(widget, line, color) {
  const latest = line.values.findLast((value) => value !== null) ?? (line.counted ? 0 : null);
  const [digits, unit] = latest === null ? ["–", ""] : parts(latest, kindOf(widget.unit || line.unit, line.label));
  const term = colored(el("dt", { class: line.color ? "colored" : "" }, line.label.replace(/, USD$/, "")), color);
  const value = el("dd", { class: latest === null ? "none" : "" }, digits, ...(unit ? [el("small", {}, unit)] : []));
  return el("div", { class: "number" }, ...(widget.sparkline ? [spark(line, color)] : []), term, value);
}

/** A sparkline: the line without axes. */
function spark(line, color) {
  const found = points(line.values);
  const highest = Math.max(...found.map(([, value]) => value), 0) || 1;
  const last = Math.max(1, line.values.length - 1);
  const at = (index, value) => /** @type {[number, number]} */ ([(index / last) * WIDTH, HEIGHT - 2 - (value / highest) * (HEIGHT - 4)]);
  const places = found.map(([index, value]) => at(index, value));
  const base = found.map(([index]) => at(index, 0));
  const root = svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  root.append(
    svg("path", { class: "area", d: areaPath(places, base) }),
    svg("path", { class: "series", d: linePath(places), "vector-effect": "non-scaling-stroke" }),
  );
  return colored(root, color);
}
