/** The page's composition root: creates the components and connects their events. */

import { ChatApi } from "./service/api.js";
import { Chats, titleOf } from "./chat/chats.js";
import { Conversation } from "./chat/conversation.js";
import { ApiError, sentence } from "./service/http.js";
import { Identity } from "./service/identity.js";
import { Outbox } from "./chat/outbox.js";
import { currentChat, newChat } from "./route.js";
import { Runs } from "./answers/runs.js";
import { onChange, read, write } from "./storage.js";
import { AccountDialog } from "./views/account.js";
import { showAlert } from "./views/alert.js";
import { Composer } from "./views/composer.js";
import { part } from "./views/dom.js";
import { ModelPicker } from "./views/model_picker.js";
import { StickToEnd } from "./views/thread/scroll.js";
import { Sidebar } from "./views/sidebar.js";
import { Thread } from "./views/thread/thread.js";

/** @typedef {import("./answers/run.js").Run} Run */

export class App {
  #identity = new Identity();
  /** Aborts when another user signs in. */
  #signedIn = new AbortController();
  #api = new ChatApi(this.#identity, this.#signedIn.signal);
  #chats = new Chats(this.#api, () => this.#showChats());
  #runs = this.#newRuns();
  #account = new AccountDialog((person) => this.#become(person));
  #picker = new ModelPicker((modelId) => write("model", modelId));
  #composer = new Composer({ submit: (prompt) => void this.#conversation.send(prompt), stop: () => void this.#conversation.stop() });
  #sidebar = new Sidebar({ older: () => void this.#loadChats(), account: () => this.#account.open(this.#identity.person) });
  #conversation = new Conversation(this.#runs, this.#signedIn.signal, {
    api: this.#api,
    outbox: new Outbox(this.#api),
    thread: new Thread((prompt) => void this.#conversation.send(prompt)),
    composer: this.#composer,
    scroll: new StickToEnd(),
    modelId: () => this.#chosenModel(),
    sent: (chatId, prompt) => {
      this.#chats.touch(chatId, prompt);
      this.#showTitle(this.#chats.title(chatId));
    },
    titled: (prompt) => this.#showTitle(prompt && titleOf(prompt)),
  });
  #modelsLoaded = Promise.resolve();
  /** @type {Map<string, boolean>} chats with an answer in progress (true), or one that ended while another chat was open (false) */
  #marks = new Map();

  run() {
    addEventListener("hashchange", () => this.#openChat());
    onChange("person", () => void this.#follow(read("person")));
    part("skip-link", HTMLAnchorElement).addEventListener("click", (event) => {
      event.preventDefault();
      part("prompt", HTMLTextAreaElement).focus();
    });
    this.#begin();
    this.#openChat();
  }

  #begin() {
    this.#sidebar.showPerson(this.#identity.person);
    this.#modelsLoaded = this.#loadModels();
    void this.#loadChats();
  }

  #newRuns() {
    return new Runs(this.#identity.person.user, this.#identity, (run) => this.#onRunChange(run));
  }

  #openChat() {
    const chatId = currentChat();
    if (chatId && !this.#runs.isWriting(chatId)) this.#marks.delete(chatId);
    void this.#conversation.open(chatId);
    this.#sidebar.close();
    this.#showChats();
  }

  /** @param {Run} run */
  #onRunChange(run) {
    const { chatId } = run.session;
    const marked = this.#marks.get(chatId);
    const open = this.#conversation.chatId === chatId;
    if (run.ended && open) this.#marks.delete(chatId);
    else this.#marks.set(chatId, !run.ended);
    if (marked !== this.#marks.get(chatId)) this.#showChats();
    if (!open && run.settled) this.#runs.forget(run);
    this.#conversation.onRunChange(run);
  }

  /** Waits for the list: the user may send before it has loaded. */
  async #chosenModel() {
    await this.#modelsLoaded;
    if (this.#picker.chosen) return this.#picker.chosen;
    throw new ApiError("No model is available: the list could not be loaded.", { code: "no_model", status: 0 });
  }

  async #loadModels() {
    const { signal } = this.#signedIn;
    try {
      const models = await this.#api.models();
      this.#picker.show(models, this.#identity.person.tier, read("model"));
    } catch (error) {
      if (!signal.aborted) showAlert(sentence(error), { label: "Try again", act: () => this.#begin() });
    }
  }

  async #loadChats() {
    const { signal } = this.#signedIn;
    try {
      await this.#chats.load();
    } catch (error) {
      if (!signal.aborted) this.#sidebar.showNote(sentence(error));
    }
  }

  #showChats() {
    const open = this.#conversation.chatId;
    const items = this.#chats.list.map(({ chatId, title }) => {
      const mark = this.#marks.get(chatId);
      return { chatId, title, current: chatId === open, writing: mark === true, unseen: mark === false };
    });
    this.#sidebar.showChats(items, this.#chats.hasMore);
  }

  /** @param {string | null} title */
  #showTitle(title) {
    part("title", HTMLHeadingElement).textContent = title ?? "New chat";
    document.title = `${title ?? "New chat"} · chat-sse`;
    this.#showChats();
  }

  /** Follows a sign-in in another tab. @param {{user: string, tier: string} | null} person */
  async #follow(person) {
    if (!person || person.user === this.#identity.person.user) return;
    await this.#become(person).catch((error) => showAlert(sentence(error)));
  }

  /** @param {{user: string, tier: string}} person */
  async #become(person) {
    const sameUser = person.user === this.#identity.person.user;
    await this.#identity.change(person, () => sameUser || this.#signedIn.abort());
    if (sameUser) {
      this.#sidebar.showPerson(person);
      await this.#loadModels();
      return;
    }
    this.#signedIn = new AbortController();
    this.#api = new ChatApi(this.#identity, this.#signedIn.signal);
    this.#runs.close();
    this.#runs = this.#newRuns();
    this.#conversation.use(this.#runs, this.#signedIn.signal, { api: this.#api, outbox: new Outbox(this.#api) });
    this.#chats = new Chats(this.#api, () => this.#showChats());
    this.#marks.clear();
    this.#begin();
    if (currentChat()) newChat();
    else this.#openChat();
  }
}
