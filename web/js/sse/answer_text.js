/**
 * Assembles the text of an answer from token events that may be duplicated.
 *
 * Event ids count characters (code points): a token's id is 1 plus the number of characters up to and including it. So
 * id and length give a chunk's position, independent of earlier events and connections.
 */

/** The id of the `typing` event; text starts after it. */
const TYPING_ID = 1;

export class AnswerText {
  /** Restores a stored text, unless its length does not match its id. @param {{text?: string, lastEventId?: number}} [kept] */
  constructor({ text = "", lastEventId = 0 } = {}) {
    const fits = characters(text).length === Math.max(lastEventId - TYPING_ID, 0);
    this.text = fits ? text : "";
    this.lastEventId = fits ? lastEventId : 0;
    /** True if some text was not received; the history has it. */
    this.incomplete = false;
  }

  /** Handles the `typing` event. @param {number} id */
  begin(id) {
    this.lastEventId = Math.max(this.lastEventId, id);
  }

  /** Handles a token event: appends the new part of its text. @param {number} id @param {string} content */
  append(id, content) {
    const chunk = characters(content);
    const known = Math.max(this.lastEventId, TYPING_ID);
    const begins = id - chunk.length;
    if (begins > known) this.incomplete = true;
    if (id <= known) return;
    this.text += begins < known ? chunk.slice(known - begins).join("") : content;
    this.lastEventId = id;
  }

  /** Handles the `done` event of a complete answer: its id gives the length of the text. @param {number} id */
  end(id) {
    if (id !== Math.max(this.lastEventId, TYPING_ID) + 1) this.incomplete = true;
  }
}

/** Splits into code points, as the service counts; `length` would count UTF-16 units. @param {string} text */
function characters(text) {
  return [...text];
}
