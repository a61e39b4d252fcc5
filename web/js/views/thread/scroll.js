/** Scrolls a growing thread to its end, unless the user has scrolled up. */

import { part } from "../dom.js";

const AT_END_PX = 24;
const FAR_PX = 160;

export class StickToEnd {
  #scroller = part("scroller", HTMLElement);
  #jump = part("jump", HTMLButtonElement);
  #stuck = true;
  #last = 0;

  constructor() {
    this.#scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    this.#jump.addEventListener("click", () => {
      this.toEnd();
      this.#scroller.focus({ preventScroll: true });
    });
    const observer = new ResizeObserver(() => this.#onResize());
    observer.observe(this.#scroller);
    observer.observe(part("thread", HTMLElement));
  }

  /** Scrolls to the end and sticks to it. */
  toEnd() {
    this.#stuck = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#showJump();
  }

  /** Scrolls to the start and does not stick to the end. */
  toStart() {
    this.#stuck = false;
    this.#scroller.scrollTop = 0;
    this.#jump.hidden = true;
  }

  get #distance() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  #onScroll() {
    const { scrollTop } = this.#scroller;
    // A shrinking thread also reduces scrollTop, but is still at its end.
    if (this.#distance <= 1) this.#stuck = true;
    else if (scrollTop < this.#last) this.#stuck = false;
    else if (this.#distance < AT_END_PX) this.#stuck = true;
    this.#last = scrollTop;
    this.#showJump();
  }

  #onResize() {
    if (this.#stuck) this.toEnd();
    else this.#showJump();
  }

  #showJump() {
    const following = this.#scroller.querySelector(".message") !== null;
    this.#jump.hidden = !following || this.#stuck || this.#distance < FAR_PX;
  }
}
