/** The answers that are not in the history yet, by chat: follows a few at a time and stores all for a reload. */

import { MAX_FOLLOWED, RUN_OUTLIVES_EXPIRY_MS, SAVE_EVERY_MS, SLOT_FREED_MS } from "../config.js";
import { Run } from "./run.js";
import { keys, read, remove, write } from "../storage.js";

export class Runs {
  #user;
  #credentials;
  #changed;
  /** @type {Map<string, Run>} by chat, the most recently opened last */
  #runs = new Map();
  /** @type {Set<Run>} */
  #unsaved = new Set();
  #timer = 0;

  /**
   * Restores the runs that an earlier page of this user stored.
   * @param {string} user @param {import("../sse/stream.js").Credentials} credentials @param {(run: Run) => void} changed
   */
  constructor(user, credentials, changed) {
    this.#user = user;
    this.#credentials = credentials;
    this.#changed = changed;
    const found = [];
    for (const key of keys(this.#key(""))) {
      const kept = read(key);
      if (kept && Date.parse(kept.expiresAt) + RUN_OUTLIVES_EXPIRY_MS > Date.now()) found.push(kept);
      else remove(key);
    }
    found.sort((one, other) => Date.parse(one.expiresAt) - Date.parse(other.expiresAt));
    for (const kept of found) this.#add(kept);
    addEventListener("pagehide", this.#save);
  }

  /** @param {string} chatId @returns {Run | null} */
  get(chatId) {
    return this.#runs.get(chatId) ?? null;
  }

  /** @param {string} chatId */
  isWriting(chatId) {
    return this.#runs.get(chatId)?.ended === false;
  }

  /** Adds a newly started session. @param {import("./run.js").StoredRun} kept */
  add(kept) {
    const run = this.#add(kept);
    this.#unsaved.add(run);
    this.#save();
    return run;
  }

  /** Follows a run and leaves the least recently opened ones beyond the limit. @param {Run} run */
  follow(run) {
    this.#runs.delete(run.session.chatId);
    this.#runs.set(run.session.chatId, run);
    run.follow();
    const followed = [...this.#runs.values()].filter((one) => one.following);
    for (const one of followed.slice(0, -MAX_FOLLOWED)) one.leave();
  }

  /** Drops a run whose answer is in the history, or will be. @param {Run} run */
  forget(run) {
    run.leave();
    this.#unsaved.delete(run);
    if (this.get(run.session.chatId) === run) this.#runs.delete(run.session.chatId);
    remove(this.#key(run.session.sessionId));
  }

  /** Leaves all streams when another user signs in. */
  close() {
    removeEventListener("pagehide", this.#save);
    this.#save();
    this.#changed = () => {};
    for (const run of this.#runs.values()) run.leave();
    clearTimeout(this.#timer);
  }

  /** Adds a run in place of its chat's previous one. @param {import("./run.js").StoredRun} kept */
  #add(kept) {
    const before = this.get(kept.chatId);
    if (before) this.forget(before);
    const run = new Run(kept, this.#credentials, (changed) => this.#onChange(changed));
    this.#runs.set(kept.chatId, run);
    return run;
  }

  /** Saves the run while it is in progress, or if the history does not record how it ended. @param {Run} run */
  #onChange(run) {
    if (run.ended && !run.unrecorded) {
      this.#unsaved.delete(run);
      remove(this.#key(run.session.sessionId));
    } else {
      this.#unsaved.add(run);
      this.#timer ||= setTimeout(this.#save, SAVE_EVERY_MS);
    }
    if (run.ended) setTimeout(this.#retryRefused, SLOT_FREED_MS);
    this.#changed(run);
  }

  /** An answer ended: retries the runs that exceeded the limit of concurrent streams. */
  #retryRefused = () => {
    for (const run of this.#runs.values()) if (run.blocker?.code === "too_many_streams") run.retryNow();
  };

  #save = () => {
    clearTimeout(this.#timer);
    this.#timer = 0;
    for (const run of this.#unsaved) write(this.#key(run.session.sessionId), run.toStored());
    this.#unsaved.clear();
  };

  /** @param {string} sessionId */
  #key(sessionId) {
    return `run:${encodeURIComponent(this.#user)}:${sessionId}`;
  }
}
