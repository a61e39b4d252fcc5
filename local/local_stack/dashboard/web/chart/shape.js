/** The geometry of a chart: converts values to SVG path data. */

/**
 * Lines as drawn: missing counts are 0; each stacked line is added to the lines before it.
 * @param {import("../types.js").Line[]} lines @param {boolean} stacked
 * @returns {{top: (number | null)[], base: (number | null)[]}[]}
 */
export function layers(lines, stacked) {
  const filled = lines.map((line) => valuesOf(line, stacked));
  if (!stacked) return filled.map((top) => ({ top, base: top.map(() => 0) }));
  let base = lines[0]?.values.map(() => 0) ?? [];
  return filled.map((values) => {
    const layer = { top: values.map((value, index) => (value ?? 0) + base[index]), base };
    base = layer.top;
    return layer;
  });
}

/** A line's values; missing counts become 0 if the line has any value. @param {import("../types.js").Line} line */
export function valuesOf({ values, counted }, filled = false) {
  const any = values.some((value) => value !== null);
  return any && (counted || filled) ? values.map((value) => value ?? 0) : values;
}

/** Points that have a value. @param {(number | null)[]} values @returns {[number, number][]} index and value */
export function points(values) {
  return values.flatMap((value, index) => (value === null ? [] : [[index, value]]));
}

/** @param {[number, number][]} places in pixels */
export function linePath(places) {
  return places.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

/** The area between two lines. @param {[number, number][]} top @param {[number, number][]} base */
export function areaPath(top, base) {
  return top.length < 2 ? "" : `${linePath(top)}${linePath([...base].reverse()).replace("M", "L")}Z`;
}
