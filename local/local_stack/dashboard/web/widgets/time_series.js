/** A widget with lines over time: a chart with its legend, or a table of the values. */

import { card } from "./card.js";
import { Chart } from "../chart/chart.js";
import { colorsOf } from "../colors.js";
import { colored, el, svg } from "../dom.js";
import { clock, exactClock, kindOf, text } from "../format.js";
import { Pointer } from "../chart/pointer.js";
import { valuesOf } from "../chart/shape.js";

export class TimeSeries {
  #root = /** @type {SVGSVGElement} */ (svg("svg", { "aria-hidden": "true" }));
  #plot = el("div", { class: "plot", tabindex: "0", role: "group" });
  #empty = el("p", { class: "empty" });
  #legend = el("ul", { class: "legend" });
  #table = el("div", { class: "table-frame", tabindex: "0", role: "region", hidden: true });
  #button = el("button", { type: "button", class: "values-button", "aria-pressed": "false" }, "Values");
  #chart = new Chart(this.#root);
  #pointer;
  /** @type {[import("../types.js").Widget, import("../types.js").Data] | null} */
  #last = null;

  /** @param {import("../types.js").Widget} widget */
  constructor(widget) {
    this.#plot.append(this.#root, this.#empty);
    this.#pointer = new Pointer(this.#plot, this.#chart);
    this.#table.setAttribute("aria-label", `${widget.title}, values`);
    this.element = card(widget, this.#plot, this.#legend, this.#table);
    this.element.classList.toggle("stacked", widget.stacked);
    this.#button.setAttribute("aria-label", `Values of ${widget.title} as a table`);
    this.element.querySelector(".card-head")?.append(this.#button);
    this.#button.addEventListener("click", () => this.#toggle());
    new ResizeObserver(() => this.#draw()).observe(this.#plot);
  }

  /** @param {import("../types.js").Widget} widget @param {import("../types.js").Data} data */
  show(widget, data) {
    this.#last = [widget, data];
    this.#draw();
  }

  #toggle() {
    const table = this.#table.hidden;
    this.#button.setAttribute("aria-pressed", String(table));
    this.#table.hidden = !table;
    this.#plot.hidden = this.#legend.hidden = table;
    this.#draw();
  }

  #draw() {
    if (!this.#last) return;
    const [widget, data] = this.#last;
    if (!this.#table.hidden) this.#table.replaceChildren(table(widget, data));
    const size = { width: this.#plot.clientWidth, height: this.#plot.clientHeight };
    if (!size.width) return;
    const colors = colorsOf(widget.lines);
    const any = widget.lines.some((line) => line.values.some((value) => value !== null));
    this.element.classList.toggle("absent", !any && widget.note !== "");
    this.#empty.textContent = any ? "" : widget.note || "No data in this time span.";
    this.#chart.draw(widget, data, colors, size);
    this.#pointer.show(widget, data, colors);
    const latest = widget.lines.map((line) => `${line.label} ${text(latestOf(line), kindOf(widget.unit || line.unit))}`);
    this.#plot.setAttribute(
      "aria-label",
      any
        ? `Chart of ${widget.title}, ${clock(data.start)} to ${clock(data.now)}. Latest: ${latest.join(", ")}. Use the arrow keys to read the values.`
        : `Chart of ${widget.title}. ${this.#empty.textContent}`,
    );
    this.#legend.replaceChildren(...legend(widget, colors));
  }
}

function legend(widget, colors) {
  const lines = widget.lines.map((line, index) =>
    el(
      "li",
      {},
      colored(el("span", { class: "swatch" }), colors[index]),
      line.label,
      el("b", {}, text(latestOf(line), kindOf(widget.unit || line.unit))),
    ),
  );
  const marks = widget.marks.map(({ label, value }) =>
    el("li", {}, el("span", { class: "swatch marked" }), label, el("b", {}, text(value, kindOf(widget.unit)))),
  );
  return [...lines, ...marks];
}

/** The latest value of a line; for a count, that of the last complete period. @param {import("../types.js").Line} line */
function latestOf(line) {
  const values = valuesOf(line);
  return (line.counted ? values.at(-2) : values.findLast((value) => value !== null)) ?? null;
}

function table(widget, data) {
  const head = el("tr", {}, ...["Time", ...widget.lines.map((line) => line.label)].map((name) => el("th", { scope: "col" }, name)));
  const rows = Array.from({ length: data.count }, (_, index) => data.count - 1 - index).map((index) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, exactClock(data.start + index * data.period)),
      ...widget.lines.map((line) => el("td", {}, text(valuesOf(line)[index], kindOf(widget.unit || line.unit)))),
    ),
  );
  return el("table", {}, el("caption", { class: "visually-hidden" }, widget.title), el("thead", {}, head), el("tbody", {}, ...rows));
}
