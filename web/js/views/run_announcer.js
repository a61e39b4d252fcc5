/** What screen readers are told of an answer that is being written: once for each thing that happens. */

import { fromRun } from "../answers/answer_state.js";
import { announce } from "./announcer.js";
import { statusOf } from "./thread/trouble.js";

export class RunAnnouncer {
  /** The trouble that was told of last, until it is over. */
  #trouble = "";

  /** @param {import("../answers/run.js").Run} run after a change @param {() => string} text the answer as it reads */
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
      announce("Connected again.");
    }
  }
}
