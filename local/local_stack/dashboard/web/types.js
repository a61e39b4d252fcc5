/**
 * The dashboard's JSON (`view.py`).
 *
 * @typedef {{label: string, color: string, unit: string, searched: boolean, counted: boolean, values: (number | null)[]}} Line
 *   `searched`: the result of a SEARCH expression; `counted`: the values are sums, so a missing value means zero
 * @typedef {{label: string, value: number}} Mark
 * @typedef {{name: string, description: string, state: "OK" | "ALARM" | "INSUFFICIENT_DATA"}} Alarm
 * @typedef {{type: string, place: [number, number, number, number], title: string, markdown?: string, alarms?: Alarm[],
 *   view: string, stacked: boolean, sparkline: boolean, unit: string, max: number | null, marks: Mark[], note: string,
 *   lines: Line[]}} Widget
 * @typedef {{start: number, period: number, count: number, now: number, widgets: Widget[]}} Data
 *   times in seconds since the epoch
 */
export {};
