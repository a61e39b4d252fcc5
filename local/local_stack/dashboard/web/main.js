/** The page: polls the dashboard's data every two seconds and updates each widget. */

import { el } from "./dom.js";
import { exactClock } from "./format.js";
import { Numbers } from "./widgets/numbers.js";
import { Alarms, Text } from "./widgets/others.js";
import { TimeSeries } from "./widgets/time_series.js";

const EVERY_MS = 2000;
const KEPT_SPAN = "chat-sse:dashboard-span";

const grid = /** @type {HTMLElement} */ (document.getElementById("widgets"));
const live = /** @type {HTMLElement} */ (document.getElementById("live"));
const liveText = /** @type {HTMLElement} */ (document.getElementById("live-text"));
const foot = /** @type {HTMLElement} */ (document.getElementById("foot"));
const spans = /** @type {HTMLElement} */ (document.getElementById("spans"));

/** @type {{show(widget: import("./types.js").Widget, data: import("./types.js").Data): void, element: HTMLElement}[]} */
let shown = [];
let layout = "";
let timer = 0;
let latestRequest = 0;

/** Fetches the data now, and then periodically while the page is visible. */
async function refresh() {
  clearTimeout(timer);
  const number = ++latestRequest;
  try {
    const response = await fetch(`/local/dashboard/data?seconds=${span()}`);
    const answer = await response.json();
    if (number !== latestRequest) return;
    if (!response.ok) throw new Error(answer.detail);
    show(answer);
    setStatus("live", "Live");
  } catch (error) {
    if (number !== latestRequest) return;
    setStatus("lost", error instanceof TypeError ? "The stack does not respond" : String(error.message));
  }
  if (!document.hidden) timer = setTimeout(refresh, EVERY_MS);
}

/** @param {import("./types.js").Data} data */
function show(data) {
  const wanted = JSON.stringify(data.widgets.map(({ type, place, title, view }) => [type, place, title, view]));
  if (wanted !== layout) {
    layout = wanted;
    shown = data.widgets.map(make);
    grid.replaceChildren(...shown.map(({ element }) => element));
  }
  data.widgets.forEach((widget, index) => shown[index].show(widget, data));
  foot.textContent = `As of ${exactClock(data.now)}. Each point of a chart covers ${data.period} seconds.`;
}

/** @param {import("./types.js").Widget} widget @param {number} index @param {import("./types.js").Widget[]} all */
function make(widget, index, all) {
  const made = ofKind(widget);
  const [x, y, width] = widget.place;
  made.element.style.setProperty("--columns", String(width));
  // On narrow screens a row of three becomes two and a wide one.
  made.element.classList.toggle("third", width < 12 && widget.type === "metric");
  const row = all.filter(({ place }) => place[1] === y).length;
  made.element.classList.toggle("last", row % 2 === 1 && x + width === 24);
  return made;
}

function ofKind(widget) {
  if (widget.type === "text") return new Text();
  if (widget.type === "alarm") return new Alarms(widget);
  if (widget.view === "timeSeries") return new TimeSeries(widget);
  if (widget.view === "singleValue") return new Numbers(widget);
  const element = el("p", {}, `${widget.title}: this kind of widget is not supported here.`);
  return { element, show: () => {} };
}

function setStatus(state, text) {
  live.dataset.state = state;
  if (liveText.textContent !== text) liveText.textContent = text;
}

/** The chosen time span, in seconds. */
function span() {
  const chosen = spans.querySelector("input:checked");
  return chosen instanceof HTMLInputElement ? chosen.value : "300";
}

spans.addEventListener("change", () => {
  localStorage.setItem(KEPT_SPAN, String(span()));
  refresh();
});
document.addEventListener("visibilitychange", refresh);
const kept = spans.querySelector(`input[value="${Number(localStorage.getItem(KEPT_SPAN))}"]`);
if (kept instanceof HTMLInputElement) kept.checked = true;
refresh();
