"""An answer that was asked for in another browser is followed here, too; one that cannot be followed is waited for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from fakes.page.chat_page import ChatPage
from fakes.page.routes import STREAM, Answers, prompts_are, prompts_have_no_status, refusal
from fakes.page.routes import status as answer_of_status

SLOW = "What is artificial intelligence? [demo:rate=10]"
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
    other = open_page()  # beforehand: a browser starts slowly
    chat.send(prompt)
    chat.growing(0)
    other.page.goto(f"{chat.address}/#/chat/{chat.chat_id}")
    other.page.reload()
    return other


def _one_that_cannot_follow(chat: ChatPage, open_page: Callable[..., ChatPage], prompt: str) -> ChatPage:
    """As `_another_browser`, with a service that refuses further followers."""
    other = open_page()
    other.page.route(STREAM, refusal("too_many_attaches"))
    chat.send(prompt)
    chat.growing(0)
    other.page.goto(f"{chat.address}/#/chat/{chat.chat_id}")
    return other


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


def test_another_browser_shows_the_answer_growing(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    other = _another_browser(chat, open_page, SLOW)
    other.growing(0)
    assert other.finished(0) == chat.finished(0)
    expect(other.page.get_by_role("status")).to_contain_text("Answer finished.")
    expect(other.prompts).to_have_count(1)
    expect(other.answers).to_have_count(1)


def test_an_answer_can_be_stopped_from_another_browser(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    other = _another_browser(chat, open_page, ENDLESS)
    other.growing(0)
    _stop(other)
    assert other.finished(0) == chat.finished(0)
    expect(other.answers.locator(".note")).to_have_text("You stopped this answer.")


def test_an_answer_that_waits_for_its_stream_begins_here(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    """The browser that asked never came for it."""
    chat.page.route(STREAM, lambda _route: None)
    with chat.page.expect_request(STREAM):
        chat.send("Hello [demo:rate=400]")
    other = open_page()
    prompts_are(other.page, "pending")
    other.page.goto(chat.page.url)
    assert other.finished(0)
    expect(other.prompts).to_have_count(1)


@pytest.mark.parametrize("status", ["pending", "streaming"])
def test_an_old_prompt_is_followed_if_the_history_says_that_it_is_answered(chat: ChatPage, status: str) -> None:
    """For the second time, or by clocks that differ; the first attempt to connect fails."""
    chat.ask("Hello [demo:rate=400]")
    chat.page.evaluate("localStorage.clear()")
    prompts_are(chat.page, status)
    chat.watch.refusals_expected = True
    Answers(chat.page, STREAM, [answer_of_status(502)])
    chat.reload_later(minutes=120)
    assert chat.finished(0)
    expect(chat.answers.locator(".note")).to_have_count(0)


@pytest.mark.parametrize(
    ("code", "retryable", "sentence"),
    [
        ("provider_unavailable", True, "The model's provider is not available at the moment."),
        ("provider_rejected", False, "The model's provider refused the request."),
        ("internal_error", True, "Something went wrong in the service."),
        ("of_a_later_version", True, "Something went wrong in the service."),
    ],
)
def test_an_answer_that_failed_elsewhere_says_so(
    open_page: Callable[..., ChatPage], chat: ChatPage, code: str, retryable: bool, sentence: str
) -> None:
    chat.ask("Hello [demo:rate=400]")
    other = open_page()
    streams = Answers(other.page, STREAM, [])
    prompts_are(other.page, "failed", code, retryable=retryable)
    other.page.goto(chat.page.url)
    expect(other.answers.locator(".note.failed")).to_contain_text(sentence)
    expect(other.answers).to_have_attribute("data-phase", "ended")
    expect(other.button("Try again")).to_have_count(int(retryable))
    assert streams.requests == []


def test_an_answer_stopped_elsewhere_before_its_first_word_says_so(chat: ChatPage) -> None:
    chat.ask("Hello [demo:rate=400]")
    prompts_are(chat.page, "stopped")
    chat.reload()
    expect(chat.answers.locator(".note")).to_have_text("You stopped this answer.")
    expect(chat.button("Try again")).to_have_count(0)


def test_prompts_before_the_newest_say_that_they_failed(chat: ChatPage) -> None:
    for _ in range(2):
        chat.ask("Hello [demo:rate=400]")
    prompts_are(chat.page, "failed", "provider_timeout", retryable=True)
    chat.reload()
    expect(chat.answers.locator(".note.failed")).to_have_count(2)
    expect(chat.button("Try again")).to_have_count(1)


def test_a_wait_ends_when_the_history_says_that_the_answer_failed(
    chat: ChatPage, open_page: Callable[..., ChatPage]
) -> None:
    other = _one_that_cannot_follow(chat, open_page, ENDLESS)
    _waits(other)
    prompts_are(other.page, "failed", "provider_timeout", retryable=True)
    expect(other.answers.locator(".note.failed")).to_have_text("The model's provider did not answer in time.")
    expect(other.button("Try again")).to_be_visible()
    _stop(chat)


def test_one_that_cannot_follow_waits_for_the_answer(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    other = _one_that_cannot_follow(chat, open_page, SLOW)
    _waits(other)
    assert other.finished(0) == chat.finished(0)
    expect(other.page.get_by_role("status")).to_contain_text("Answer finished.")
    expect(other.prompts).to_have_count(1)
    expect(other.answers).to_have_count(1)


def test_it_waits_on_when_the_history_cannot_be_had(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    other = _one_that_cannot_follow(chat, open_page, SLOW)
    _waits(other)
    other.watch.refusals_expected = True
    other.page.route("**/chat/history?*", lambda route: route.fulfill(status=503, json={"detail": "no"}))
    with other.page.expect_response(lambda response: response.status == 503):
        pass
    _waits(other)
    other.page.unroute("**/chat/history?*")
    assert other.finished(0) == chat.finished(0)


def test_another_chat_is_not_disturbed_by_the_wait(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    other = _one_that_cannot_follow(chat, open_page, ENDLESS)
    _waits(other)
    other.new_chat()
    other.page.unroute(STREAM)
    looks: list[str] = []
    other.page.on("request", lambda request: looks.append(request.url) if chat.chat_id in request.url else None)
    other.ask("Hello [demo:rate=20]")
    expect(other.answers).to_have_count(1)
    assert looks == []
    _stop(chat)


def test_a_hidden_page_does_not_look(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    other = _one_that_cannot_follow(chat, open_page, ENDLESS)
    page = other.page
    page.clock.install()
    other.reload()
    page.evaluate(_SHOWN_OR_HIDDEN)
    _waits(other)
    with page.expect_response("**/chat/history?*chatId=*"):
        page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))

    page.evaluate(_SHOW, "hidden")
    page.clock.run_for(1000)  # a look that was due before may still be on its way
    page.wait_for_load_state("networkidle")
    looks: list[str] = []
    page.on("request", lambda request: looks.append(request.url))
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
    """By the time that has passed, where the history does not say what becomes of a prompt."""
    other = _one_that_cannot_follow(chat, open_page, ENDLESS)
    prompts_have_no_status(other.page)
    other.reload_later(minutes=24)
    _waits(other)
    other.reload_later(minutes=26)
    _offers_another_try(other)
    _stop(chat)


def test_the_wait_has_an_end(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    other = _one_that_cannot_follow(chat, open_page, ENDLESS)
    other.page.clock.install()
    other.reload()
    _waits(other)
    other.page.clock.fast_forward("26:00")
    _offers_another_try(other)
    _stop(chat)


def test_it_looks_less_and_less_often(chat: ChatPage, open_page: Callable[..., ChatPage]) -> None:
    other = _one_that_cannot_follow(chat, open_page, ENDLESS)
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
