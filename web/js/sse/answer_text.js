/**
 * The text of an answer, put together from token events that may come twice.
 *
 * Event ids count characters (code points): a token's id is 1 plus the number of characters up to and including it. So
 * the id and the length of the chunk say where it belongs, whatever was sent before, by whichever connection.
 */

/** The id of the `typing` event; text begins after it. */
const TYPING_ID = 1;

export class AnswerText {
  /** Takes up a text that was kept, unless text and id do not belong together. @param {{text?: string, lastEventId?: number}} [kept] */
  constructor({ text = "", lastEventId = 0 } = {}) {
    const fits = characters(text).length === Math.max(lastEventId - TYPING_ID, 0);
    this.text = fits ? text : "";
    this.lastEventId = fits ? lastEventId : 0;
    /** Some text was never received: the history has it. */
    this.incomplete = false;
  }

  /** The `typing` event. @param {number} id */
  begin(id) {
    this.lastEventId = Math.max(this.lastEventId, id);
  }

  /** A token event: adds what of it is new. @param {number} id @param {string} content */
  append(id, content) {
    const chunk = characters(content);
    const known = Math.max(this.lastEventId, TYPING_ID);
    const begins = id - chunk.length;
    if (begins > known) this.incomplete = true;
    if (id <= known) return;
    this.text += begins < known ? chunk.slice(known - begins).join("") : content;
    this.lastEventId = id;
  }

  /** The `done` event of a whole answer: its id tells how long the text is. @param {number} id */
  end(id) {
    if (id !== Math.max(this.lastEventId, TYPING_ID) + 1) this.incomplete = true;
  }
}

/** Code points, as the service counts; `length` would count UTF-16 units. @param {string} text */
function characters(text) {
  return [...text];
}
