/** A time series chart in SVG: axes, lines or areas, marks. It is redrawn when the data or the size changes. */

import { colored, svg } from "../dom.js";
import { clock, kindOf, text } from "../format.js";
import { ticks, timeTicks } from "./scale.js";
import { areaPath, layers, linePath, points } from "./shape.js";

const TOP = 10;
const BOTTOM = 20;
const RIGHT = 8;
const CHARACTER_PIXELS = 6.2;
const EDGE = 14;
const TICK_PIXELS = 62;

/** A mark above this multiple of the highest value is hidden, so that it does not flatten the lines. */
const MAX_MARK_RATIO = 1.6;

export class Chart {
  /** The lines as drawn, for the pointer. @type {{top: (number | null)[], base: (number | null)[]}[]} */
  layers = [];
  #x = (index) => index;
  #y = (value) => value;
  #left = 0;
  #size = { width: 0, height: 0 };

  /** @param {SVGSVGElement} root */
  constructor(root) {
    this.root = root;
  }

  /**
   * @param {import("../types.js").Widget} widget @param {import("../types.js").Data} data
   * @param {string[]} colors @param {{width: number, height: number}} size in pixels
   */
  draw(widget, data, colors, size) {
    this.layers = layers(widget.lines, widget.stacked);
    this.#size = size;
    const unit = widget.unit || widget.lines.find((line) => line.unit)?.unit || "";
    const kind = kindOf(unit);
    const highest = Math.max(0, ...this.layers.flatMap(({ top }) => top.map((value) => value ?? 0)));
    const any = this.layers.some(({ top }) => top.some((value) => value !== null));
    const near = widget.marks.filter(({ value }) => value <= highest * MAX_MARK_RATIO);
    const whole = kind === "" && widget.lines.every((line) => line.counted);
    const values = axis(Math.max(highest, ...near.map(({ value }) => value)), widget.max, whole);
    const end = values[values.length - 1];
    const labels = values.map((value) => (any ? text(value, kind, end) : ""));
    this.#left = Math.max(...labels.map((label) => label.length)) * CHARACTER_PIXELS + 8;
    const step = (size.width - this.#left - RIGHT) / Math.max(1, data.count - 1);
    this.#x = (index) => this.#left + index * step;
    this.#y = (value) => TOP + (size.height - TOP - BOTTOM) * (1 - value / end);
    this.root.replaceChildren(
      ...this.#valueAxis(values, labels),
      ...this.#timeAxis(data),
      ...this.#series(widget, colors),
      ...near.map((mark) => this.#mark(mark)),
    );
  }

  /** The x coordinate of a period. @param {number} index */
  x(index) {
    return this.#x(index);
  }

  /** @param {number} value */
  y(value) {
    return this.#y(value);
  }

  /** The period nearest to an x coordinate. @param {number} x @param {number} count */
  indexAt(x, count) {
    const step = (this.#x(count - 1) - this.#left) / Math.max(1, count - 1);
    return Math.min(count - 1, Math.max(0, Math.round((x - this.#left) / step)));
  }

  #valueAxis(values, labels) {
    return values.flatMap((value, index) => {
      const y = this.#y(value);
      const right = this.#size.width - RIGHT;
      return [
        svg("line", { class: value ? "gridline" : "baseline", x1: this.#left, x2: right, y1: y, y2: y }),
        svg("text", { x: this.#left - 6, y: y + 3.5, "text-anchor": "end" }, labels[index]),
      ];
    });
  }

  #timeAxis({ start, period, count }) {
    const wanted = Math.max(1, Math.floor((this.#size.width - this.#left) / TICK_PIXELS));
    const places = timeTicks(start, start + period * (count - 1), wanted).map((time) => [this.#x((time - start) / period), time]);
    return places
      .filter(([x]) => x > this.#left + EDGE && x < this.#size.width - EDGE)
      .map(([x, time]) => svg("text", { x, y: this.#size.height - 4, "text-anchor": "middle" }, clock(time)));
  }

  #series(widget, colors) {
    const filled = widget.stacked || widget.lines.length === 1;
    // Stacked layers are painted from the top down, so that the next layer's area does not hide half of a line's stroke.
    const order = widget.lines.map((_, index) => index);
    return (widget.stacked ? order.reverse() : order).map((index) => {
      const layer = this.layers[index];
      const found = points(layer.top);
      const places = found.map(([at, value]) => /** @type {[number, number]} */ ([this.#x(at), this.#y(value)]));
      const unfinished = found.at(-1)?.[0] === layer.top.length - 1 && places.length > 1 && !widget.stacked;
      const done = unfinished ? places.slice(0, -1) : places;
      const base = found.map(([at]) => /** @type {[number, number]} */ ([this.#x(at), this.#y(layer.base[at] ?? 0)]));
      const group = colored(svg("g", { class: widget.stacked ? "stacked" : "" }), colors[index]);
      if (filled) group.append(svg("path", { class: "area", d: areaPath(places, base) }));
      if (done.length > 1) group.append(svg("path", { class: "series", d: linePath(done) }));
      if (unfinished) group.append(svg("path", { class: "series running", d: linePath(places.slice(-2)) }));
      group.append(...places.filter((_, number) => isAlone(found, number)).map(([cx, cy]) => svg("circle", { class: "dot", cx, cy, r: 2.5 })));
      return group;
    });
  }

  #mark({ label, value }) {
    const y = this.#y(value);
    return svg(
      "g",
      {},
      svg("line", { class: "mark", x1: this.#left, x2: this.#size.width - RIGHT, y1: y, y2: y }),
      svg("text", { class: "mark-label", x: this.#size.width - RIGHT, y: y - 4, "text-anchor": "end" }, label),
    );
  }
}

/** Ticks up to the highest value; or up to the widget's maximum if the values exceed half of it. */
function axis(highest, limit, whole) {
  if (limit !== null && highest > limit / 2) return ticks(limit, 2);
  return ticks(highest, 3, whole);
}

/** True for a value without neighbours, which a line would not show. @param {[number, number][]} found @param {number} number */
function isAlone(found, number) {
  const [at] = found[number];
  return found[number - 1]?.[0] !== at - 1 && found[number + 1]?.[0] !== at + 1;
}
