/** What screen readers are told, politely: whole sentences at the end of things, never each token. */

import { part } from "./dom.js";

const LONGEST = 600;

/** @param {string} message */
export function announce(message) {
  part("announcer", HTMLDivElement).textContent = message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message;
}
