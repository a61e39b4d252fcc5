/** Announces the progress of an answer to screen readers, once for each change. */

import { fromRun } from "../answers/answer_state.js";
import { announce } from "./announcer.js";
import { statusOf } from "./thread/blocker.js";

export class RunAnnouncer {
  /** The code of the last announced blocker, until it is resolved. */
  #blocker = "";

  /** @param {import("../answers/run.js").Run} run after a change @param {() => string} text the rendered answer */
  update(run, text) {
    const state = fromRun(run);
    if (run.blocker) {
      if (this.#blocker !== run.blocker.code) announce(statusOf(state));
      this.#blocker = run.blocker.code;
    } else if (run.ended) {
      const how = run.done?.finishReason === "stopped" ? "Stopped" : "Answer finished";
      if (!run.refused) announce(run.error ? (state.note ?? "") : `${how}. ${text()}`);
    } else if (this.#blocker) {
      this.#blocker = "";
      announce("Reconnected.");
    }
  }
}
