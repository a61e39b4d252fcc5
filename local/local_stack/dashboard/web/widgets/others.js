/** Text and alarm widgets. */

import { card } from "./card.js";
import { el, svg } from "../dom.js";

const STATES = {
  OK: ["OK", "m5 12.500 4.500 4.500 9.500-10"],
  ALARM: ["in alarm", "M12 4v9M12 18v.500"],
  INSUFFICIENT_DATA: ["no data yet", "M6 12h12"],
};

/** Renders the Markdown headings and paragraphs, which is all that the dashboard's texts use. */
export class Text {
  element = el("div", { class: "text" });
  #shown = "";

  /** @param {import("../types.js").Widget} widget */
  show({ markdown = "" }) {
    if (markdown === this.#shown) return;
    this.#shown = markdown;
    this.element.replaceChildren(...markdown.split("\n").filter(Boolean).map(block));
  }
}

export class Alarms {
  #list = el("ul", { class: "alarms" });
  #meanings = el("dl");
  #shown = "";

  /** @param {import("../types.js").Widget} widget */
  constructor(widget) {
    const meanings = el("details", { class: "meanings" }, el("summary", {}, "What each alarm means"), this.#meanings);
    this.element = card(widget, this.#list, meanings);
  }

  /** @param {import("../types.js").Widget} widget */
  show({ alarms = [] }) {
    const shown = JSON.stringify(alarms);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const active = alarms.filter(({ state }) => state === "ALARM");
    this.#list.replaceChildren(...[...active, ...alarms.filter((one) => !active.includes(one))].map(alarm));
    this.#meanings.replaceChildren(
      ...alarms.map(({ name, description }) => el("div", {}, el("dt", {}, nameOf(name)), el("dd", {}, description))),
    );
  }
}

function block(line) {
  const [, marks, text] = /^(#{1,2}) (.*)$/.exec(line) ?? [];
  return marks ? el(`h${marks.length}`, {}, text) : el("p", {}, line);
}

function alarm({ name, description, state }) {
  const [word, path] = STATES[state];
  const sign = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: path }));
  const label =
    state === "ALARM"
      ? el("span", {}, el("strong", {}, nameOf(name)), el("span", { class: "visually-hidden" }, " in alarm"), ` ${description}`)
      : el("span", {}, nameOf(name), el("span", { class: "visually-hidden" }, ` ${word}`));
  return el("li", { class: "alarm", "data-state": state, title: `${word}: ${description}` }, sign, label);
}

/** The display name: "Start errors" for StartErrorsAlarm. @param {string} name */
function nameOf(name) {
  const words = name.replace(/Alarm$/, "").replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
