/** The list of chats; a drawer on narrow pages. */

import { linkTo } from "../route.js";
import { el, part } from "./dom.js";

const narrow = matchMedia("(max-width: 52rem)");

/** @typedef {{chatId: string, title: string, current: boolean, writing: boolean, unseen: boolean}} Item */

export class Sidebar {
  #sidebar = part("sidebar", HTMLElement);
  #page = part("page", HTMLDivElement);
  #opener = part("open-sidebar", HTMLButtonElement);
  #list = part("chat-list", HTMLUListElement);
  #note = part("chat-list-note", HTMLParagraphElement);
  #older = part("older-chats", HTMLButtonElement);
  #account = part("account-button", HTMLButtonElement);

  /** @param {{older: () => void, account: () => void}} actions */
  constructor({ older, account }) {
    this.#older.addEventListener("click", older);
    this.#account.addEventListener("click", account);
    this.#opener.addEventListener("click", () => this.#setOpen(true));
    part("close-sidebar", HTMLButtonElement).addEventListener("click", () => this.#setOpen(false));
    part("backdrop", HTMLDivElement).addEventListener("click", () => this.#setOpen(false));
    addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
    narrow.addEventListener("change", () => this.#setOpen(false));
    this.#setOpen(false);
  }

  /** Closes the drawer, if it is open. */
  close() {
    if (this.#isOpen) this.#setOpen(false);
  }

  /** @param {Item[]} chats @param {boolean} hasMore */
  showChats(chats, hasMore) {
    const focused = document.activeElement?.getAttribute("href");
    this.#list.replaceChildren(...chats.map(entry));
    this.#older.hidden = !hasMore;
    this.showNote(chats.length ? null : "Your chats will appear here.");
    if (focused) /** @type {HTMLElement | null} */ (this.#list.querySelector(`a[href="${CSS.escape(focused)}"]`))?.focus();
  }

  /** @param {string | null} text */
  showNote(text) {
    this.#note.hidden = text === null;
    this.#note.textContent = text;
  }

  /** @param {{user: string, tier: string}} person */
  showPerson({ user, tier }) {
    const [avatar, name, , tierName] = /** @type {HTMLSpanElement[]} */ ([...this.#account.children]);
    avatar.textContent = [...user][0]?.toUpperCase() ?? "";
    name.textContent = user;
    tierName.textContent = tier;
  }

  get #isOpen() {
    return this.#sidebar.classList.contains("open");
  }

  /** @param {boolean} open */
  #setOpen(open) {
    const wasOpen = this.#isOpen;
    const asDrawer = narrow.matches;
    this.#sidebar.classList.toggle("open", open && asDrawer);
    // An open drawer makes the page inert; a closed drawer is inert itself.
    this.#sidebar.inert = asDrawer && !open;
    this.#page.inert = asDrawer && open;
    this.#opener.setAttribute("aria-expanded", String(open && asDrawer));
    if (open) part("close-sidebar", HTMLButtonElement).focus();
    else if (wasOpen) this.#opener.focus();
  }
}

/** @param {Item} chat */
function entry({ chatId, title, current, writing, unseen }) {
  const state = writing ? "an answer is being written" : unseen ? "new answer" : null;
  return el(
    "li",
    {},
    el(
      "a",
      { class: "chat-link", href: linkTo(chatId), "aria-current": current ? "page" : null, title },
      el("span", { class: "chat-title" }, title),
      state && el("span", { class: writing ? "chat-state writing" : "chat-state" }, el("span", { class: "visually-hidden" }, `, ${state}`)),
    ),
  );
}
