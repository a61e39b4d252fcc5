"""An answer that is written where the page cannot follow it is waited for, and not asked for a second time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from playwright.sync_api import expect

from fakes.chat_page import ChatPage

SLOW = "What is artificial intelligence? [demo:rate=25]"
ENDLESS = "What is artificial intelligence? [demo:rate=20 tokens=2000]"
BEING_WRITTEN = "The answer is being written, perhaps in another window."

_SHOWN_OR_HIDDEN = """() => {
  window.visibility = 'visible';
  Object.defineProperty(document, 'visibilityState', {get: () => window.visibility});
}"""
_SHOW = """(visibility) => {
  window.visibility = visibility;
  document.dispatchEvent(new Event('visibilitychange'));
}"""

_RECORD_PAUSES = """() => {
  window.pauses = [];
  const setTimer = window.setTimeout;
  window.setTimeout = (act, pause) => {
    if (pause > 1000) window.pauses.push(pause);
    return setTimer(act, pause);
  };
}"""


def _another_browser(chat: ChatPage, open_page: Callable[..., ChatPage], prompt: str) -> ChatPage:
    """Opens the chat elsewhere, while its answer to `prompt` grows here."""
    chat.send(prompt)
    chat.growing(0)
    return open_page(fragment=f"#/chat/{chat.chat_id}")


def _stop(chat: ChatPage) -> None:
    chat.button("Stop").click()
    chat.finished(0)


def _waits(chat: ChatPage) -> None:
    expect(chat.answers).to_contain_text(BEING_WRITTEN)
    expect(chat.answers.locator(".note")).to_have_count(0)
    expect(chat.button("Try again")).to_have_count(0)
    expect(chat.button("Send")).to_be_visible()


def _offers_another_try(chat: ChatPage) -> None:
    expect(chat.answers.locator(".note.failed")).to_have_text("There is no answer to this message.")
    expect(chat.button("Try again")).to_be_visible()


def test_another_browser_waits_for_the_answer(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    other = _another_browser(chat, open_page, SLOW)
    _waits(other)
    assert other.finished(0) == chat.finished(0)
    expect(other.page.get_by_role("status")).to_contain_text("Answer finished.")
    expect(other.prompts).to_have_count(1)
    expect(other.answers).to_have_count(1)


def test_it_waits_on_when_the_history_cannot_be_had(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    other = _another_browser(chat, open_page, SLOW)
    _waits(other)
    other.watch.refusals_expected = True
    other.page.route("**/chat/history?*", lambda route: route.fulfill(status=503, json={"detail": "no"}))
    with other.page.expect_response(lambda response: response.status == 503):
        pass
    _waits(other)
    other.page.unroute("**/chat/history?*")
    assert other.finished(0) == chat.finished(0)


def test_another_chat_is_not_disturbed_by_the_wait(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    other = _another_browser(chat, open_page, ENDLESS)
    _waits(other)
    other.new_chat()
    looks: list[str] = []
    other.page.on("request", lambda request: looks.append(request.url) if chat.chat_id in request.url else None)
    other.ask("Hello [demo:rate=20]")
    expect(other.answers).to_have_count(1)
    assert looks == []
    _stop(chat)


def test_a_hidden_page_does_not_look(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    other = _another_browser(chat, open_page, ENDLESS)
    page = other.page
    page.clock.install()
    other.reload()
    page.evaluate(_SHOWN_OR_HIDDEN)
    _waits(other)
    with page.expect_response("**/chat/history?*chatId=*"):
        page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))

    looks: list[str] = []
    page.on("request", lambda request: looks.append(request.url))
    page.evaluate(_SHOW, "hidden")
    for _ in range(3):
        page.clock.run_for(30_000)
    assert looks == []

    chat.button("Stop").click()
    text = chat.finished(0)
    page.evaluate(_SHOW, "visible")
    assert other.finished(0) == text


def test_only_when_it_is_too_late_for_an_answer_another_try_is_offered(
    chat: ChatPage, open_page: Callable[..., ChatPage]
) -> None:
    other = _another_browser(chat, open_page, ENDLESS)
    other.reload_later(minutes=24)
    _waits(other)
    other.reload_later(minutes=26)
    _offers_another_try(other)
    _stop(chat)


def test_the_wait_has_an_end(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    other = _another_browser(chat, open_page, ENDLESS)
    other.page.clock.install()
    other.reload()
    _waits(other)
    other.page.clock.fast_forward("26:00")
    _offers_another_try(other)
    _stop(chat)


def test_it_looks_less_and_less_often(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    other = _another_browser(chat, open_page, ENDLESS)
    page = other.page
    page.clock.install()
    other.reload()
    _waits(other)
    page.evaluate(_RECORD_PAUSES)
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    for looks in range(1, 14):
        page.wait_for_function("(looks) => window.pauses.length >= looks", arg=looks)
        page.clock.run_for(25_000)
    pauses = page.evaluate("window.pauses")
    assert all(later >= earlier for earlier, later in pairwise(pauses))
    assert pauses[0] < 6000
    assert pauses[-1] == 20_000
    _stop(chat)
