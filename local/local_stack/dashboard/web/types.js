/**
 * What the stack says of the dashboard (`view.py`).
 *
 * @typedef {{label: string, color: string, unit: string, searched: boolean, counted: boolean, values: (number | null)[]}} Line
 *   `searched`: a search found it, and may find others; `counted`: no value means that nothing happened
 * @typedef {{label: string, value: number}} Mark
 * @typedef {{name: string, description: string, state: "OK" | "ALARM" | "INSUFFICIENT_DATA"}} Alarm
 * @typedef {{type: string, place: [number, number, number, number], title: string, markdown?: string, alarms?: Alarm[],
 *   view: string, stacked: boolean, sparkline: boolean, unit: string, max: number | null, marks: Mark[], note: string,
 *   lines: Line[]}} Widget
 * @typedef {{start: number, period: number, count: number, now: number, widgets: Widget[]}} Data
 *   times in seconds since the epoch
 */
export {};
