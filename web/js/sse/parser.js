/** An event stream, parsed (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream). */

/** @typedef {{data: string, lastEventId: string}} ServerEvent */

/** A carriage return at the end of a piece may be half of a line's end: it waits for what follows. */
const LINE_END = /\r\n|\n|\r(?!$)/;

/** Takes the text of one connection in any pieces. An event counts, with its id, only once the blank line after it is there. */
export class EventParser {
  #rest = "";
  /** @type {string[]} */
  #data = [];
  #id = "";
  /** What the stream asks for as the wait before a reconnect, in milliseconds. @type {number | null} */
  retryMs = null;

  /** @param {string} text @returns {ServerEvent[]} the events that are complete by now, without those that have no data */
  feed(text) {
    const lines = (this.#rest + text).split(LINE_END);
    this.#rest = lines.pop() ?? "";
    /** @type {ServerEvent[]} */
    const events = [];
    for (const line of lines) {
      if (line) this.#field(line);
      else if (this.#data.length) events.push({ data: this.#data.splice(0).join("\n"), lastEventId: this.#id });
    }
    return events.filter(({ data }) => data !== "");
  }

  /** @param {string} line not blank */
  #field(line) {
    const [, name, value] = /** @type {RegExpExecArray} */ (/^([^:]*)(?:: ?(.*))?$/su.exec(line));
    if (name === "data") this.#data.push(value ?? "");
    else if (name === "id" && !value?.includes("\0")) this.#id = value ?? "";
    else if (name === "retry" && /^\d+$/.test(value ?? "")) this.retryMs = Number(value);
  }
}
