"""The page with a keyboard, with a screen reader, on a phone, in the dark; and what the tier allows."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from fakes.page.chat_page import ChatPage
from fakes.page.routes import START, STREAM, Answers, problem, refusal

QUICK = "[demo:rate=400]"

_UNNAMED = """() => [...document.querySelectorAll('button, a[href], input, textarea, [role=option], [role=listbox]')]
  .filter((one) => one.checkVisibility())
  .filter((one) => !(one.ariaLabel || one.labels?.length || one.innerText?.trim()))
  .map((one) => one.outerHTML)"""

_DOUBLE_IDS = """() => [...document.querySelectorAll('[id]')].map((one) => one.id)
  .filter((id, at, all) => all.indexOf(id) !== at)"""

_TO_THE_END = """() => {
  const {scrollHeight, scrollTop, clientHeight} = document.querySelector('#scroller');
  return scrollHeight - scrollTop - clientHeight;
}"""

_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

# The contrast of each visible text to what is behind it (WCAG 2.2, 1.4.3); colours through a canvas, for any notation.
_LOW_CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => {
    const linear = (v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    const [r, g, b] = color.slice(0, 3).map((v) => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = rgba(getComputedStyle(one).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255];
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility({visibilityProperty: true})) continue;
    if (element.closest('.visually-hidden, noscript, script, .skip-link, :disabled')) continue;
    const pair = [rgba(getComputedStyle(element).color), behind(element)].map(luminance);
    const ratio = (Math.max(...pair) + .05) / (Math.min(...pair) + .05);
    if (ratio < 4.5) low.push([walker.currentNode.data, ratio.toFixed(2)]);
  }
  return low;
}"""

_RECORD_TOLD = """() => {
  window.told = [];
  const announcer = document.querySelector('[role=status]');
  new MutationObserver(() => told.push(announcer.textContent)).observe(announcer, {childList: true});
}"""


def _focused(page: Page) -> str:
    name: str = page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.innerText ?? ''")
    return " ".join(name.split())


def _tab_to(page: Page, name: str, limit: int = 30) -> None:
    """Presses Tab until something of that name has the focus."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if _focused(page) == name:
            return
    pytest.fail(f"Tab does not reach {name!r}")


def test_everything_can_be_done_with_the_keyboard(chat: ChatPage) -> None:
    page, keys = chat.page, chat.page.keyboard
    expect(chat.box).to_be_focused()
    keys.press("Shift+Tab")  # from the message box back: the suggestions
    assert _focused(page) == "/help"

    chat.reload()
    expect(chat.box).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    listbox = page.get_by_role("listbox", name="Model")
    expect(listbox).to_be_focused()
    keys.press("End")
    keys.press("Home")
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(listbox).to_be_hidden()
    expect(page.locator("#picker-button")).to_be_focused()
    expect(page.locator("#picker-value")).to_have_text("claude-haiku-4-5")

    keys.press("Shift+Tab")
    keys.type(f"Write code {QUICK}")
    keys.press("Shift+Enter")
    keys.type("on two lines")
    keys.press("Enter")
    chat.finished(0)
    expect(chat.prompts).to_have_text(f"Write code {QUICK}\non two lines")
    expect(chat.box).to_be_focused()

    chat.send("Tell me more [demo:rate=20 tokens=1000]")
    chat.growing(1)
    keys.press("Tab")
    keys.press("Tab")
    assert _focused(page) == "Stop"
    keys.press("Enter")
    chat.finished(1)
    expect(chat.box).to_be_focused()

    page.locator("#skip-link").focus()
    expect(page.locator("#skip-link")).to_be_in_viewport()
    keys.press("Enter")
    expect(chat.box).to_be_focused()
    page.locator("#skip-link").focus()
    _tab_to(page, "New chat")
    keys.press("Enter")
    expect(chat.prompts).to_have_count(0)
    expect(chat.box).to_be_focused()


def test_what_has_the_focus_can_be_seen(chat: ChatPage) -> None:
    chat.ask(f"Write code {QUICK}")
    chat.page.locator("#skip-link").focus()
    for _ in range(9):
        chat.page.keyboard.press("Tab")
        name, outline, around = chat.page.evaluate(
            """() => {
              const focused = document.activeElement;
              const around = focused.closest('.composer') ?? focused;
              return [focused.outerHTML, getComputedStyle(focused).outlineStyle, getComputedStyle(around).boxShadow];
            }"""
        )
        assert not name.startswith("<body")
        assert outline != "none" or around != "none", name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_part_has_a_name_and_every_text_enough_contrast(open_page: Callable[..., ChatPage], scheme: str) -> None:
    chat = open_page(color_scheme=scheme)
    page = chat.page
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (sum(paper) > 600) if scheme == "light" else (sum(paper) < 150)

    def check() -> None:
        assert page.evaluate(_UNNAMED) == []
        assert page.evaluate(_DOUBLE_IDS) == []
        assert page.evaluate(_LOW_CONTRAST) == []

    check()
    for landmark in ("navigation", "banner", "main"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    chat.send("Write code [demo:rate=25 die-after=60]")
    chat.growing(0)
    check()
    expect(chat.answers.locator(".note.failed")).to_be_visible(timeout=20_000)
    check()
    page.locator("#picker-button").click()
    check()
    page.keyboard.press("Escape")
    page.locator("#account-button").click()
    check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_waits_has_names_and_contrast_and_keeps_the_focus(open_page: Callable[..., ChatPage], scheme: str) -> None:
    chat = open_page(color_scheme=scheme)
    page = chat.page
    chat.watch.refusals_expected = True
    Answers(page, START, [problem(429, "rate_limited", retryAfterSeconds=50)])
    Answers(page, STREAM, [refusal("too_many_streams", retryable=True, retryAfterSeconds=50)])
    chat.send(f"Hello {QUICK}")
    for button in ("Send now", "Try now"):
        reason = chat.answers.locator(".reason")
        chat.button(button).focus()
        before = reason.inner_text()
        expect(reason).not_to_have_text(before)
        assert _focused(page) == button
        assert page.evaluate(_UNNAMED) == []
        assert page.evaluate(_LOW_CONTRAST) == []
        page.keyboard.press("Enter")
    assert chat.finished(0)


def test_screen_reader_gets_the_reason_of_a_wait_once(chat: ChatPage) -> None:
    chat.page.evaluate(_RECORD_TOLD)
    Answers(chat.page, STREAM, [refusal("too_many_streams", retryable=True, retryAfterSeconds=2)] * 2)
    chat.ask("Hello [demo:rate=100]")
    told = chat.page.evaluate("told")
    assert told[0] == "Sent. The answer is being written."
    assert "reached your tier's limit of concurrent answers. Trying again in" in told[1]
    assert told[2] == "Reconnected."
    assert told[3].startswith("Answer finished. ")
    assert len(told) == 4


def test_screen_reader_gets_the_answer_at_its_end(chat: ChatPage) -> None:
    chat.page.evaluate(_RECORD_TOLD)
    chat.ask("Hello [demo:rate=100]")
    told = chat.page.evaluate("told")
    assert told[0] == "Sent. The answer is being written."
    assert told[1].startswith("Answer finished. ")
    assert len(told) == 2
    expect(chat.page.locator("[aria-live]")).to_have_count(0)
    expect(chat.answers).to_have_attribute("aria-busy", "false")


@pytest.mark.parametrize("width", [320, 390])
def test_a_phones_width_needs_no_sideways_scrolling(open_page: Callable[..., ChatPage], width: int) -> None:
    chat = open_page(viewport={"width": width, "height": 700}, has_touch=True, is_mobile=True)
    page = chat.page
    assert page.evaluate(_TOO_WIDE) == 0
    chat.box.fill(f"List the steps in a table, and {'longword' * 20} {QUICK}")
    chat.button("Send").tap()
    chat.finished(0)
    chat.box.fill(f"Write Python code {QUICK}")
    chat.button("Send").tap()
    chat.finished(1)
    assert page.evaluate(_TOO_WIDE) == 0
    for target in ("#picker-button", "#send", "#open-sidebar"):
        box = page.locator(target).bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width
        assert min(box["width"], box["height"]) >= 24  # WCAG 2.2, 2.5.8

    page.locator("#picker-button").tap()
    panel = page.locator("#picker-panel").bounding_box()
    assert panel is not None
    assert 0 <= panel["x"] <= panel["x"] + panel["width"] <= width
    assert panel["y"] >= 0
    page.keyboard.press("Escape")


def test_on_a_narrow_page_the_chats_are_in_a_drawer(open_page: Callable[..., ChatPage]) -> None:
    chat = open_page(viewport={"width": 360, "height": 700})
    page = chat.page
    chat.ask(f"Hello {QUICK}")
    expect(chat.chats).to_be_hidden()
    opener = chat.button("Open the list of chats")
    opener.click()
    expect(chat.button("Close the list of chats")).to_be_focused()
    expect(chat.chats).to_be_visible()
    page.keyboard.press("Escape")
    expect(chat.chats).to_be_hidden()
    expect(opener).to_be_focused()
    opener.click()
    page.locator("#sidebar").get_by_role("link", name="New chat").click()
    expect(chat.chats).to_be_hidden()
    expect(chat.prompts).to_have_count(0)


def test_movement_can_be_declined(open_page: Callable[..., ChatPage]) -> None:
    chat = open_page(reduced_motion="reduce")
    chat.send("Hello [demo:rate=20 tokens=200]")
    chat.growing(0)
    assert chat.page.evaluate("document.getAnimations().length") == 0
    chat.button("Stop").click()


def test_locked_models_are_shown_with_the_tier_that_has_them(open_page: Callable[..., ChatPage]) -> None:
    chat = open_page(tier="BASIC")
    page = chat.page
    page.locator("#picker-button").click()
    models = page.get_by_role("option")
    expect(models).to_have_count(10)
    expect(page.locator("[role=option]:not([aria-disabled])")).to_have_count(2)
    locked = page.get_by_role("option", name="claude-opus-5", disabled=True)
    expect(locked).to_contain_text("ENTERPRISE")
    locked.click(force=True)
    expect(page.locator("#picker-note")).to_have_text("claude-opus-5 is part of the tier ENTERPRISE; yours is BASIC.")
    expect(page.locator("#picker-value")).not_to_have_text("claude-opus-5")
    page.keyboard.press("Escape")

    page.locator("#account-button").click()
    page.get_by_role("radio", name="Enterprise").check(force=True)
    chat.button("Continue").click()
    expect(page.locator(".account-tier")).to_have_text("ENTERPRISE")
    page.locator("#picker-button").click()
    expect(page.locator("[role=option][aria-disabled]")).to_have_count(0)
    page.get_by_role("option", name="claude-opus-5").click()
    chat.ask(f"Hello {QUICK}")
    expect(chat.answers.locator(".facts")).to_contain_text("claude-opus-5")
    chat.reload()
    expect(page.locator("#picker-value")).to_have_text("claude-opus-5")


def test_models_are_shown_with_their_providers_name(open_page: Callable[..., ChatPage]) -> None:
    """As the service writes it; a service that does not is shown as it names the provider."""
    chat = open_page()

    def rename(route: Route) -> None:
        response = route.fetch()
        document = response.json()
        for at, model in enumerate(document["models"]):
            model["provider"] = f"somebody-{at}"
            model.pop("providerName", None)
        document["models"][0]["providerName"] = "Somebody & Sons"
        route.fulfill(response=response, json=document)

    chat.page.route("**/chat/models", rename)
    chat.reload()
    chat.page.locator("#picker-button").click()
    facts = chat.page.get_by_role("option").locator(".model-facts")
    expect(facts.nth(0)).to_contain_text("Somebody & Sons · ")
    expect(facts.nth(1)).to_contain_text("somebody-1 · ")


def test_the_end_stays_in_sight_unless_the_reader_scrolls_up(open_page: Callable[..., ChatPage]) -> None:
    chat = open_page(viewport={"width": 700, "height": 420})
    page = chat.page
    chat.send("Tell me [demo:rate=120 tokens=900]")
    chat.growing(0, more_than=900)
    assert page.evaluate(_TO_THE_END) < 40
    page.mouse.move(350, 150)
    page.mouse.wheel(0, -300)
    jump = chat.button("Newest")
    expect(jump).to_be_visible()
    position = page.evaluate("document.querySelector('#scroller').scrollTop")
    chat.growing(0, more_than=len(chat.text(0)) + 100)
    assert page.evaluate("document.querySelector('#scroller').scrollTop") == position
    jump.click()
    expect(jump).to_be_hidden()
    chat.button("Stop").click()
    chat.finished(0)
    assert page.evaluate(_TO_THE_END) < 40
