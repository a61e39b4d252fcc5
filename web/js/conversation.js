/** The open chat: loads it, sends prompts, shows the answer being written, stops it. */

import { fromMessage, fromRun, unanswered } from "./answer_state.js";
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
    message.show(fromRun(run));
    this.#parts.composer.show(run.ended ? "idle" : run.phase === "stopping" ? "stopping" : "writing");
    if (run.ended) announce(run.error?.message ?? `${run.done?.finishReason === "stopped" ? "Stopped" : "Answer finished"}. ${message.plainText}`);
    if (run.doubtful) void this.#compare(run, message);
    else if (run.ended) this.#runs.forget(run);
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
    for (const [index, message] of messages.entries()) {
      if (message.role === "user") thread.addPrompt(message.content);
      else this.#addAnswer(fromMessage(message), { prompt: messages[index - 1]?.content, last: index === messages.length - 1 });
    }
    const last = messages.at(-1);
    const run = this.#runs.get(chatId);
    if (run && messages.some(({ role, sessionId }) => role === "assistant" && sessionId === run.session.sessionId)) {
      this.#runs.forget(run);
    } else if (run) {
      this.#showLive(run);
      this.#runs.follow(run);
    } else if (last?.role === "user") {
      this.#addAnswer(unanswered(last), { prompt: last.content, last: true });
    }
    scroll.toEnd();
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
    const { sessionId, chatId } = run.session;
    const messages = await this.#parts.api.chat(chatId).catch(() => []);
    const stored = messages.find((one) => one.role === "assistant" && one.sessionId === sessionId);
    if (!stored || run.following) return;
    if (stored.status !== "interrupted" || stored.content.length > run.text.length) message.show(fromMessage(stored));
    this.#runs.forget(run);
    if (this.#live?.run === run) this.#parts.composer.show("idle");
  }
}
