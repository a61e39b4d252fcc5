/** Polite announcements for screen readers: whole sentences about results, never single tokens. */

import { part } from "./dom.js";

const LONGEST = 600;

/** @param {string} message */
export function announce(message) {
  part("announcer", HTMLDivElement).textContent = message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message;
}
