/** Who the user is, and the token that proves it. The one module that knows the local stack's way of signing in. */

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

  /** The bearer token; asked for once. @returns {Promise<string>} */
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
   * Becomes another person, or the same one with another tier; keeps the old one if the service refuses.
   * @param {Person} person @param {() => void} leave ends what is under way for the old one, before it can get the new token
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
