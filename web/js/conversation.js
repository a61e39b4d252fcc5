/** The open chat: loads it, sends prompts, shows the answer being written, stops it. */

import { awaited, fromMessage, fromRun, unanswered } from "./answer_state.js";
import { answerTo, expiryOf } from "./awaiting.js";
import { sentence } from "./http.js";
import { nameChat } from "./route.js";
import { hideAlert, showAlert } from "./views/alert.js";
import { announce } from "./views/announcer.js";

/**
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./run.js").Run} Run
 * @typedef {import("./views/answer_message.js").AnswerMessage} AnswerMessage
 *
 * @typedef {object} Parts
 * @property {import("./api.js").ChatApi} api
 * @property {import("./views/thread.js").Thread} thread
 * @property {import("./views/composer.js").Composer} composer
 * @property {import("./views/scroll.js").StickToEnd} scroll
 * @property {() => Promise<string>} modelId the chosen model
 * @property {(chatId: string, prompt: string) => void} sent a prompt was stored
 * @property {(title: string | null) => void} titled
 */

export class Conversation {
  #parts;
  /** @type {import("./runs.js").Runs} */
  #runs;
  /** @type {string | null} */
  #chatId = null;
  /** What is under way for the open chat; aborted when another one is opened. */
  #visit = new AbortController();
  /** @type {{run: Run, message: AnswerMessage} | null} */
  #live = null;
  /** The visit in which a prompt is on its way to the service. @type {AbortController | null} */
  #sending = null;

  /** @param {import("./runs.js").Runs} runs @param {Parts} parts */
  constructor(runs, parts) {
    this.#runs = runs;
    this.#parts = parts;
  }

  get chatId() {
    return this.#chatId;
  }

  /** Another user's turn. @param {import("./runs.js").Runs} runs */
  use(runs) {
    this.#runs = runs;
  }

  /** Shows a chat, or a new one. @param {string | null} chatId */
  async open(chatId) {
    const { api, thread, composer, scroll, titled } = this.#parts;
    this.#visit.abort();
    const { signal } = (this.#visit = new AbortController());
    this.#chatId = chatId;
    this.#live = null;
    hideAlert();
    composer.show("idle");
    composer.focus();
    if (!chatId) {
      thread.showEmpty();
      scroll.toStart();
      titled(null);
      return;
    }
    thread.showLoading();
    try {
      const messages = await api.chat(chatId, signal);
      if (!signal.aborted) this.#show(chatId, messages);
    } catch (error) {
      if (!signal.aborted) thread.showFailure(sentence(error), () => void this.open(chatId));
    }
  }

  /** Sends a prompt, unless one is on its way or its answer is being written. @param {string} prompt */
  async send(prompt) {
    const { thread, composer, scroll } = this.#parts;
    const visit = this.#visit;
    if (this.#sending === visit || this.#live?.run.ended === false) return;
    this.#sending = visit;
    hideAlert();
    composer.show("sending");
    const message = thread.addPrompt(prompt);
    scroll.toEnd();
    try {
      this.#started(await this.#start(prompt), visit);
    } catch (error) {
      this.#unsent(prompt, message, sentence(error), visit);
    } finally {
      if (this.#sending === visit) this.#sending = null;
    }
  }

  /** Ends the answer that is being written. */
  async stop() {
    const run = this.#live?.run;
    if (!run || run.ended) return;
    run.stopping(true);
    try {
      await this.#parts.api.stop(run.session.sessionId);
    } catch (error) {
      run.stopping(false);
      showAlert(sentence(error));
    }
  }

  /** @param {Run} run */
  onRunChange(run) {
    if (run !== this.#live?.run) return;
    const { message } = this.#live;
    message.show(run.refused ? awaited(run.kept()) : fromRun(run));
    this.#parts.composer.show(run.ended ? "idle" : run.phase === "stopping" ? "stopping" : "writing");
    if (run.ended && !run.refused) announce(run.error?.message ?? `${run.done?.finishReason === "stopped" ? "Stopped" : "Answer finished"}. ${message.plainText}`);
    if (run.doubtful) void this.#compare(run, message);
    else if (run.settled) this.#runs.forget(run);
  }

  /** @param {string} prompt */
  async #start(prompt) {
    const { api, modelId } = this.#parts;
    const chatId = this.#chatId;
    const model = await modelId();
    const session = await api.start({ modelId: model, prompt, ...(chatId && { chatId }) });
    const { sessionId, streamToken, expiresAt } = session;
    return this.#runs.add({ sessionId, streamToken, expiresAt, chatId: session.chatId, modelId: model, prompt });
  }

  /** @param {Run} run @param {AbortController} visit the one in which the prompt was sent */
  #started(run, visit) {
    const { chatId, prompt } = run.session;
    if (!visit.signal.aborted) {
      this.#chatId = chatId;
      nameChat(chatId);
      this.#showLive(run);
      announce("Sent. The answer is being written.");
    }
    this.#runs.follow(run);
    this.#parts.sent(chatId, prompt);
  }

  /** @param {string} chatId @param {Message[]} messages */
  #show(chatId, messages) {
    const { thread, scroll, titled } = this.#parts;
    thread.clear();
    titled(messages.find(({ role }) => role === "user")?.content ?? null);
    const answered = new Set(messages.filter(({ role }) => role === "assistant").map(({ sessionId }) => sessionId));
    const run = this.#runs.get(chatId);
    if (run && answered.has(run.session.sessionId)) this.#runs.forget(run);
    for (const [index, message] of messages.entries()) {
      const last = index === messages.length - 1;
      if (message.role === "assistant") {
        this.#addAnswer(fromMessage(message), { prompt: messages[index - 1]?.content, last });
      } else {
        thread.addPrompt(message.content);
        if (!answered.has(message.sessionId)) this.#showUnanswered(message, last);
      }
    }
    scroll.toEnd();
  }

  /** A prompt whose answer is not in the history. @param {Message} prompt @param {boolean} last */
  #showUnanswered(prompt, last) {
    const run = this.#runs.get(prompt.chatId);
    const own = run?.session.sessionId === prompt.sessionId ? run : null;
    if (own && (own.untold ? last : !own.ended)) {
      this.#showLive(own);
      this.#runs.follow(own);
    } else if (last) {
      if (own) this.#runs.forget(own);
      const asked = { ...prompt, prompt: prompt.content };
      const message = this.#addAnswer(awaited(asked), { prompt: prompt.content, last });
      void this.#awaitAnswer(asked, expiryOf(prompt), message);
    }
  }

  /**
   * Shows the answer when it is in the history, and that there is none when it is too late for one.
   * @param {import("./answer_state.js").Asked & {chatId: string, sessionId: string}} asked
   * @param {number} expiresAt @param {AnswerMessage} message
   */
  async #awaitAnswer(asked, expiresAt, message) {
    const { signal } = this.#visit;
    const answer = await answerTo(asked, { api: this.#parts.api, expiresAt, signal });
    if (signal.aborted) return;
    message.show(answer ? fromMessage(answer) : unanswered(asked));
    if (answer) announce(`Answer finished. ${message.plainText}`);
  }

  /** @param {Run} run */
  #showLive(run) {
    const message = this.#addAnswer(fromRun(run), { run, prompt: run.session.prompt, last: true });
    this.#live = { run, message };
    this.#parts.composer.show(run.ended ? "idle" : "writing");
  }

  /** @param {import("./types.js").AnswerState} state @param {{prompt?: string, last: boolean, run?: Run}} context */
  #addAnswer(state, { prompt, last, run }) {
    return this.#parts.thread.addAnswer(
      { ...state, canRetry: state.canRetry && last && prompt !== undefined },
      {
        retry: () => void this.send(prompt ?? ""),
        follow: () => run && this.#runs.follow(run),
        leave: () => run?.leave(),
      },
    );
  }

  /**
   * The prompt was not taken: back into the box with it, also if another chat has been opened since.
   * @param {string} prompt @param {HTMLElement} message @param {string} reason @param {AbortController} visit
   */
  #unsent(prompt, message, reason, visit) {
    const { thread, composer } = this.#parts;
    composer.restore(prompt);
    showAlert(reason);
    if (visit.signal.aborted) return;
    message.remove();
    if (!this.#chatId) thread.showEmpty();
    composer.show("idle");
    composer.focus();
  }

  /** Looks whether the history has more of an answer than was received. @param {Run} run @param {AnswerMessage} message */
  async #compare(run, message) {
    const { signal } = this.#visit;
    const { sessionId, chatId, expiresAt } = run.session;
    const messages = await this.#parts.api.chat(chatId).catch(() => null);
    if (run.following) return;
    const stored = messages?.find((one) => one.role === "assistant" && one.sessionId === sessionId);
    if (stored) {
      if (run.refused || stored.status !== "interrupted" || stored.content.length > run.text.length) message.show(fromMessage(stored));
      this.#runs.forget(run);
      if (this.#live?.run === run) this.#parts.composer.show("idle");
      if (run.refused) announce(`Answer finished. ${message.plainText}`);
    } else if (run.over && messages) {
      message.show(fromRun(run));
    } else if (run.refused) {
      this.#runs.forget(run);
      if (!signal.aborted) void this.#awaitAnswer(run.kept(), Date.parse(expiresAt), message);
    }
  }
}
