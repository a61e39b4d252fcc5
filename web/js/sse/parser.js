/** Parses an event stream (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream). */

/** @typedef {{data: string, lastEventId: string}} ServerEvent */

/** A carriage return at the end of a piece may be half of a line ending, so it is kept for the next piece. */
const LINE_END = /\r\n|\n|\r(?!$)/;

/** Parses the text of one connection, in any pieces. An event and its id count only after the blank line that ends it. */
export class EventParser {
  #rest = "";
  /** @type {string[]} */
  #data = [];
  #id = "";
  /** The reconnect delay that the stream requests, in milliseconds. @type {number | null} */
  retryMs = null;

  /** @param {string} text @returns {ServerEvent[]} the completed events, except those without data */
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
