/** The user and the bearer token. The only module that depends on the local stack's sign-in. */

import { endpoints, FIRST_VISIT } from "../config.js";
import { request } from "./http.js";
import { read, write } from "../storage.js";

/** @typedef {{user: string, tier: string}} Person */

export class Identity {
  /** @type {Promise<string> | null} */
  #token = null;

  constructor() {
    /** @type {Person} */
    this.person = read("person") ?? { ...FIRST_VISIT };
  }

  /** The bearer token; requested once and cached. @returns {Promise<string>} */
  token() {
    this.#token ??= issue(this.person).catch((error) => {
      this.#token = null;
      throw error;
    });
    return this.#token;
  }

  /** Drops a token that is no longer accepted. */
  expire() {
    this.#token = null;
  }

  /**
   * Switches to another user or tier; keeps the old one if no token is issued.
   * @param {Person} person @param {() => void} leave cancels the old user's work before it could use the new token
   */
  async change(person, leave) {
    const token = await issue(person);
    leave();
    this.person = person;
    this.#token = Promise.resolve(token);
    write("person", person);
  }
}

/** @param {Person} person */
async function issue(person) {
  const response = await request(`${endpoints.token}?${new URLSearchParams(person)}`);
  return (await response.text()).trim();
}
