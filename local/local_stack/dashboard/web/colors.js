/** Assigns line colours: the template's colour mapped to the theme's tone, otherwise one of the palette. */

const NAMED = {
  "#1f77b4": "blue",
  "#2ca02c": "green",
  "#7f7f7f": "grey",
  "#9467bd": "purple",
  "#d62728": "red",
  "#ff7f0e": "orange",
};
const ORDER = ["blue", "orange", "teal", "purple", "pink", "olive", "green", "grey"];
const PERCENTILES = ["p50", "p95", "p99"];

/** Labels found by searches, in order: each keeps its colour in all widgets. */
const found = [];

/** @param {import("./types.js").Line[]} lines of one widget @returns {string[]} CSS colours */
export function colorsOf(lines) {
  if (lines.length > 1 && lines.every((line) => PERCENTILES.includes(line.label))) {
    return lines.map((line) => `var(--ramp-${PERCENTILES.indexOf(line.label) + 1})`);
  }
  return lines.map((line, index) => {
    if (line.color) return NAMED[line.color] ? `var(--${NAMED[line.color]})` : line.color;
    return `var(--${ORDER[(line.searched ? placeOf(line.label) : index) % ORDER.length]})`;
  });
}

function placeOf(label) {
  if (!found.includes(label)) found.push(label);
  return found.indexOf(label);
}
