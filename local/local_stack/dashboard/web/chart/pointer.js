/** The tooltip of the chart point under the pointer, or of the one selected with the arrow keys. */

import { colored, el, svg } from "../dom.js";
import { exactClock, kindOf, text } from "../format.js";
import { valuesOf } from "./shape.js";

const KEYS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };

export class Pointer {
  #index = -1;
  /** @type {{widget: import("../types.js").Widget, data: import("../types.js").Data, colors: string[]} | null} */
  #shown = null;

  /** @param {HTMLElement} plot @param {import("./chart.js").Chart} chart */
  constructor(plot, chart) {
    this.plot = plot;
    this.chart = chart;
    this.tip = el("div", { class: "tip", hidden: true });
    this.announcement = el("p", { class: "visually-hidden", role: "status" });
    this.marks = svg("g");
    plot.append(this.tip, this.announcement);
    plot.addEventListener("pointermove", (event) => this.#onMove(event));
    plot.addEventListener("pointerdown", (event) => this.#onMove(event));
    plot.addEventListener("pointerleave", () => this.#choose(-1));
    plot.addEventListener("blur", () => this.#choose(-1));
    plot.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Shows new values. @param {import("../types.js").Widget} widget @param {import("../types.js").Data} data @param {string[]} colors */
  show(widget, data, colors) {
    this.#shown = { widget, data, colors };
    this.#draw();
  }

  #onMove(event) {
    if (!this.#shown) return;
    this.#choose(this.chart.indexAt(event.clientX - this.plot.getBoundingClientRect().left, this.#shown.data.count));
  }

  #onKey(event) {
    if (!this.#shown) return;
    if (event.key === "Escape") this.#choose(-1);
    if (!(event.key in KEYS)) return;
    event.preventDefault();
    const last = this.#shown.data.count - 1;
    const from = this.#index < 0 ? last + (KEYS[event.key] < 0 ? 1 : 0) : this.#index;
    this.#choose(Math.min(last, Math.max(0, from + KEYS[event.key])));
    this.announcement.textContent = this.tip.innerText;
  }

  #choose(index) {
    this.#index = index;
    this.#draw();
  }

  #draw() {
    const chosen = this.#shown && this.#index >= 0 && this.#shown.widget.lines.length > 0;
    this.tip.hidden = !chosen;
    this.marks.remove();
    if (!chosen || !this.#shown) return;
    const { widget, data, colors } = this.#shown;
    const x = this.chart.x(this.#index);
    const dots = this.chart.layers.flatMap(({ top }, number) => {
      const value = top[this.#index];
      if (value === null || value === undefined) return [];
      return [colored(svg("circle", { class: "cursor-dot", cx: x, cy: this.chart.y(value), r: 4 }), colors[number])];
    });
    const line = svg("line", { class: "cursor", x1: x, x2: x, y1: this.chart.y(0), y2: 10 });
    this.marks.replaceChildren(line, ...dots);
    this.chart.root.append(this.marks);
    this.#showTip(widget, data, colors, x);
  }

  #showTip(widget, data, colors, x) {
    const rows = widget.lines.map((line, number) =>
      el(
        "li",
        {},
        colored(el("span", { class: "swatch" }), colors[number]),
        line.label,
        " ",
        el("b", {}, text(valuesOf(line)[this.#index], kindOf(widget.unit || line.unit))),
      ),
    );
    this.tip.replaceChildren(
      el("p", {}, exactClock(data.start + this.#index * data.period)),
      el("ul", {}, ...(widget.stacked ? rows.reverse() : rows)),
    );
    const room = this.plot.clientWidth - this.tip.offsetWidth;
    const beside = x + 12 > room ? x - 12 - this.tip.offsetWidth : x + 12;
    this.tip.style.transform = `translateX(${Math.max(0, Math.min(beside, room))}px)`;
  }
}
