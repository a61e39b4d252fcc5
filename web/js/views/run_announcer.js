/** Announces the progress of an answer to screen readers, once for each change. */

import { fromRun } from "../answers/answer_state.js";
import { announce } from "./announcer.js";
import { statusOf } from "./thread/trouble.js";

export class RunAnnouncer {
  /** The code of the last announced trouble, until it is resolved. */
  #trouble = "";

  /** @param {import("../answers/run.js").Run} run after a change @param {() => string} text the rendered answer */
  tell(run, text) {
    const state = fromRun(run);
    if (run.trouble) {
      if (this.#trouble !== run.trouble.code) announce(statusOf(state));
      this.#trouble = run.trouble.code;
    } else if (run.ended) {
      const how = run.done?.finishReason === "stopped" ? "Stopped" : "Answer finished";
      if (!run.refused) announce(run.error ? (state.note ?? "") : `${how}. ${text()}`);
    } else if (this.#trouble) {
      this.#trouble = "";
      announce("Reconnected.");
    }
  }
}
