/** The open chat: loads it, sends prompts, shows the answer in progress, stops it. */

import { awaited, fromMessage, fromPrompt, fromRun, unanswered } from "../answers/answer_state.js";
import { ask } from "./asking.js";
import { answerTo, endedWithoutAnswer, expiryOf, isUnderWay } from "../answers/awaiting.js";
import { ApiError, sentence } from "../service/http.js";
import { nameChat } from "../route.js";
import { isOutdated, questionOf, standingOf } from "./turns.js";
import { hideAlert, showAlert } from "../views/alert.js";
import { announce } from "../views/announcer.js";
import { PendingPrompt } from "../views/thread/pending_prompt.js";
import { RunAnnouncer } from "../views/run_announcer.js";

/**
 * @typedef {import("../types.js").Message} Message
 * @typedef {import("../answers/run.js").Run} Run
 * @typedef {import("./asking.js").Question} Question
 * @typedef {import("../views/thread/answer_message.js").AnswerMessage} AnswerMessage
 *
 * @typedef {{run: Run, message: AnswerMessage, announcer: RunAnnouncer}} Live
 *
 * @typedef {object} Parts
 * @property {import("../service/api.js").ChatApi} api
 * @property {import("./outbox.js").Outbox} outbox
 * @property {import("../views/thread/thread.js").Thread} thread
 * @property {import("../views/composer.js").Composer} composer
 * @property {import("../views/thread/scroll.js").StickToEnd} scroll
 * @property {() => Promise<string>} modelId the chosen model
 * @property {(chatId: string, prompt: string) => void} sent a prompt was stored
 * @property {(title: string | null) => void} titled
 */

/** Error codes of a retry that mean that the chat has changed since it was loaded. */
const ANSWERED_ELSEWHERE = new Set(["answer_in_progress", "message_not_found"]);

export class Conversation {
  #parts;
  /** @type {import("../answers/runs.js").Runs} */
  #runs;
  /** @type {string | null} */
  #chatId = null;
  /** The scope of work for the open chat; aborted when another one is opened. */
  #visit = new AbortController();
  /** @type {Live | null} */
  #live = null;
  /** The visit in which a prompt is in flight. @type {AbortController | null} */
  #sending = null;
  /** Aborts when another user signs in, which cancels this user's work without showing its result. @type {AbortSignal} */
  #signedIn;

  /** @param {import("../answers/runs.js").Runs} runs @param {AbortSignal} signedIn aborts when another user signs in @param {Parts} parts */
  constructor(runs, signedIn, parts) {
    this.#runs = runs;
    this.#signedIn = signedIn;
    this.#parts = parts;
  }

  get chatId() {
    return this.#chatId;
  }

  /**
   * Switches to another user.
   * @param {import("../answers/runs.js").Runs} runs @param {AbortSignal} signedIn @param {Pick<Parts, "api" | "outbox">} calls
   */
  use(runs, signedIn, calls) {
    this.#visit.abort();
    this.#live = null;
    this.#runs = runs;
    this.#signedIn = signedIn;
    this.#parts = { ...this.#parts, ...calls };
    this.#parts.composer.clear();
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

  /** Sends a prompt, unless one is in flight or an answer is in progress. @param {string} prompt */
  async send(prompt) {
    if (this.#busy) return;
    const message = this.#parts.thread.addPrompt(prompt);
    await this.#dispatch({ chatId: this.#chatId, prompt }, () => {
      if (!this.#chatId) this.#parts.thread.showEmpty();
      message.remove();
    });
  }

  /** Requests a new answer to a stored prompt. @param {Question} question @param {AnswerMessage} failed the message to replace */
  async retry(question, failed) {
    if (this.#busy) return;
    const { element, plainText } = failed;
    element.hidden = plainText === "";
    await this.#dispatch(question, () => (element.hidden = false));
    if (element.hidden) element.remove();
  }

  /** Stops the answer in progress. */
  async stop() {
    const run = this.#live?.run;
    const signedIn = this.#signedIn;
    if (!run || run.ended) return;
    run.stopping(true);
    try {
      await this.#parts.api.stop(run.session.sessionId);
      run.retryNow();
    } catch (error) {
      if (signedIn.aborted) return;
      run.stopping(false);
      showAlert(sentence(error));
    }
  }

  /** @param {Run} run */
  onRunChange(run) {
    if (run !== this.#live?.run) return;
    const { message, announcer } = this.#live;
    message.show(run.refused ? awaited(run.toStored()) : fromRun(run));
    this.#parts.composer.show(run.ended ? "idle" : run.phase === "stopping" ? "stopping" : "writing");
    announcer.update(run, () => message.plainText);
    if (run.mayBeIncomplete) void this.#compare(run, message);
    else if (run.settled) this.#runs.forget(run);
  }

  get #busy() {
    return this.#sending === this.#visit || this.#live?.run.ended === false;
  }

  /** @param {Question} question @param {() => void} undo restores the previous view */
  async #dispatch(question, undo) {
    const { api, outbox, modelId, thread, composer, scroll } = this.#parts;
    const visit = this.#visit;
    const signedIn = this.#signedIn;
    const held = new PendingPrompt(thread, question.prompt);
    this.#sending = visit;
    hideAlert();
    composer.show("sending");
    scroll.toEnd();
    /** @type {import("./outbox.js").Sending} */
    const sending = {
      signal: AbortSignal.any([held.givenUp, signedIn]),
      delayed: (blocker, sendNow) => visit.signal.aborted || held.show(blocker, sendNow),
    };
    try {
      const kept = await ask(question, { api, outbox, modelId, sending });
      held.remove();
      if (!signedIn.aborted) this.#started(this.#runs.add(kept), visit);
    } catch (error) {
      held.remove();
      if (!signedIn.aborted) this.#unsent(question, error, { undo, visit, givenUp: held.givenUp.aborted });
    } finally {
      if (this.#sending === visit) this.#sending = null;
    }
  }

  /** @param {Run} run @param {AbortController} visit in which the prompt was sent */
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
    // The user left the chat while the prompt waited and has reopened it.
    if (visit.signal.aborted && this.#chatId === chatId) void this.open(chatId);
  }

  /**
   * Handles a prompt that was not accepted: a new prompt returns to the box, even if another chat is open now.
   * @param {Question} question @param {unknown} error @param {{undo: () => void, visit: AbortController, givenUp: boolean}} context
   */
  #unsent({ prompt, chatId, stored }, error, { undo, visit, givenUp }) {
    const { composer } = this.#parts;
    if (!stored) composer.restore(prompt);
    if (!givenUp) showAlert(sentence(error));
    if (visit.signal.aborted) return;
    undo();
    composer.show("idle");
    composer.focus();
    if (error instanceof ApiError && ANSWERED_ELSEWHERE.has(error.code)) void this.open(chatId).then(() => showAlert(sentence(error)));
  }

  /** @param {string} chatId @param {Message[]} messages */
  #show(chatId, messages) {
    const { thread, scroll, titled } = this.#parts;
    thread.clear();
    const prompts = messages.filter(({ role }) => role === "user");
    titled(prompts[0]?.content ?? null);
    const run = this.#runs.get(chatId);
    if (run && messages.some((one) => one.role === "assistant" && one.sessionId === run.session.sessionId)) this.#runs.forget(run);
    let prompt = prompts[0];
    for (const message of messages) {
      if (message.role === "assistant") {
        this.#addAnswer(fromMessage(message), prompt && questionOf(prompt));
      } else {
        prompt = message;
        thread.addPrompt(message.content);
        if (message !== prompts.at(-1)) this.#showEarlier(message, messages);
      }
    }
    if (prompt) this.#showNewest(prompt, messages);
    scroll.toEnd();
  }

  /** Shows the outcome of an earlier prompt without an answer in the history. @param {Message} prompt @param {Message[]} messages */
  #showEarlier(prompt, messages) {
    if (standingOf(prompt, messages, Date.now()) === "ended") this.#addAnswer(fromPrompt(prompt));
  }

  /** Shows or follows the newest prompt if its answer is not in the history. @param {Message} prompt @param {Message[]} messages */
  #showNewest(prompt, messages) {
    const own = this.#runOf(prompt);
    const standing = standingOf(prompt, messages, Date.now());
    if (own && !isOutdated(own, prompt, standing)) {
      this.#showLive(own);
      this.#runs.follow(own);
      return;
    }
    if (own) this.#runs.forget(own);
    if (standing === "open") this.#attach(prompt);
    else if (standing !== "answered") this.#addAnswer(standing === "ended" ? fromPrompt(prompt) : unanswered({ ...prompt, prompt: prompt.content }), questionOf(prompt));
  }

  /** Follows an answer that another browser requested. @param {Message} prompt */
  #attach(prompt) {
    const { sessionId, chatId, modelId, content, id } = prompt;
    const expiresAt = new Date(expiryOf(prompt)).toISOString();
    const run = this.#runs.add({ sessionId, chatId, streamToken: null, expiresAt, modelId, prompt: content, promptId: id });
    this.#showLive(run);
    this.#runs.follow(run);
  }

  /** The current or restored run of a prompt. @param {Message} prompt */
  #runOf({ chatId, sessionId, id }) {
    const run = this.#runs.get(chatId);
    return run && (run.session.sessionId === sessionId || run.session.promptId === id) ? run : null;
  }

  /**
   * Waits until the answer is in the history; shows that there is none after the deadline.
   * @param {import("../answers/run.js").StoredRun} asked @param {AnswerMessage} message
   */
  async #awaitAnswer(asked, message) {
    const { signal } = this.#visit;
    const end = await answerTo(asked, { api: this.#parts.api, expiresAt: Date.parse(asked.expiresAt), signal });
    if (signal.aborted) return;
    if (end) this.#showEnd(end, message);
    else message.show(unanswered(asked));
  }

  /** Shows an answer that this page did not follow. @param {Message} end the answer, or its prompt if there is none @param {AnswerMessage} message */
  #showEnd(end, message) {
    const state = end.role === "assistant" ? fromMessage(end) : fromPrompt(end);
    message.show(state);
    announce(end.role === "assistant" ? `Answer finished. ${message.plainText}` : (state.note ?? ""));
  }

  /** @param {Run} run */
  #showLive(run) {
    const { chatId, prompt, promptId, sessionId } = run.session;
    const message = this.#addAnswer(fromRun(run), { chatId, prompt, stored: { id: promptId, sessionId } }, run);
    this.#live = { run, message, announcer: new RunAnnouncer() };
    this.#parts.composer.show(run.ended ? "idle" : "writing");
  }

  /** @param {import("../types.js").AnswerState} state @param {Question} [question] to retry if it failed @param {Run} [run] */
  #addAnswer(state, question, run) {
    const message = this.#parts.thread.addAnswer(
      { ...state, canRetry: state.canRetry && question !== undefined },
      {
        retry: () => question && void this.retry(question, message),
        tryNow: () => run?.retryNow(),
        follow: () => run && this.#runs.follow(run),
        leave: () => run?.leave(),
      },
    );
    return message;
  }

  /** Compares the received answer with the history, which may have more of it. @param {Run} run @param {AnswerMessage} message */
  async #compare(run, message) {
    const { signal } = this.#visit;
    const signedIn = this.#signedIn;
    const { sessionId, chatId } = run.session;
    const messages = await this.#parts.api.chat(chatId).catch(() => null);
    if (run.following || signedIn.aborted) return;
    const own = messages?.filter((one) => one.sessionId === sessionId) ?? [];
    const stored = own.find(({ role }) => role === "assistant");
    const prompt = own.find(({ role }) => role === "user");
    if (stored) {
      if (run.refused) this.#showEnd(stored, message);
      else if (stored.status !== "interrupted" || stored.content.length > run.text.length) message.show(fromMessage(stored));
      this.#runs.forget(run);
      if (this.#live?.run === run) this.#parts.composer.show("idle");
    } else if (run.refused && prompt && endedWithoutAnswer(prompt.status)) {
      this.#runs.forget(run);
      this.#showEnd(prompt, message);
    } else if (run.over && messages && !(prompt && isUnderWay(prompt.status))) {
      message.show(fromRun(run));
    } else if (run.refused) {
      this.#runs.forget(run);
      if (!signal.aborted) void this.#awaitAnswer(run.toStored(), message);
    }
  }
}
