"""Answers that the browser keeps for a reload: how long, and what ends them."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Request, Route, expect

from fakes.page.chat_page import ChatPage
from fakes.page.routes import STREAM, prompts_are, prompts_have_no_status, refusal

SLOW = "What is artificial intelligence? [demo:rate=10]"
ENDLESS = "What is artificial intelligence? [demo:rate=20 tokens=2000]"
QUICK = "[demo:rate=400]"

_FORGE_TOKENS = """(keys) => {
  for (const key of keys) {
    const kept = JSON.parse(localStorage.getItem(key));
    localStorage.setItem(key, JSON.stringify({...kept, streamToken: kept.streamToken + 'x'}));
  }
}"""


def test_started_session_is_followed_past_its_expiry(chat: ChatPage) -> None:
    """`expiresAt` is the latest time to open the stream: ten minutes after the session's start."""
    chat.send(SLOW)
    shown = chat.growing(0, more_than=40)
    chat.reload_later(minutes=20)
    assert chat.growing(0).startswith(shown[:30])
    expect(chat.button("Stop following")).to_be_visible()
    chat.finished(0)
    assert chat.kept_runs == []


def test_a_session_is_given_up_when_its_token_has_expired(chat: ChatPage) -> None:
    """Where the history does not say that its prompt is being answered."""
    chat.send(ENDLESS)
    chat.growing(0)
    prompts_have_no_status(chat.page)
    chat.reload_later(minutes=34)
    chat.growing(0)
    chat.reload_later(minutes=36)
    expect(chat.answers.locator(".note.failed")).to_have_text("There is no answer to this message.")
    assert chat.kept_runs == []


def test_a_session_whose_token_does_not_hold_is_followed_as_the_user(
    chat: ChatPage, open_page: Callable[..., ChatPage]
) -> None:
    """The service says so with an event."""
    other = open_page(profile=chat)
    chat.send(SLOW)
    chat.growing(0)
    name = chat.chat_id
    chat.page.close(run_before_unload=False)
    other.page.evaluate(_FORGE_TOKENS, other.kept_runs)
    other.reload()
    other.page.goto(f"{other.address}/#/chat/{name}")
    other.growing(0)
    assert "Three ideas carry most of it today" in other.finished(0)
    expect(other.answers.locator(".note")).to_have_count(0)
    assert other.kept_runs == []


def test_a_session_that_is_over_without_an_answer_stays_so(chat: ChatPage) -> None:
    prompts_are(chat.page, "failed", "session_expired", retryable=True)
    chat.page.route(STREAM, refusal("session_expired"))
    chat.send(f"Hello {QUICK}")
    note = chat.answers.locator(".note.failed")
    expect(note).to_have_text("This message was not answered in time.")
    chat.reload()
    expect(note).to_have_text("This message was not answered in time.")
    expect(chat.button("Try again")).to_be_visible()


def test_a_session_that_is_over_with_an_answer_shows_it(chat: ChatPage) -> None:
    def write_and_refuse(route: Route) -> None:
        assert "event-stream" in route.fetch().headers["content-type"]
        refusal("session_expired")(route)

    chat.page.route(STREAM, write_and_refuse)
    chat.send(f"What is artificial intelligence? {QUICK}")
    assert "Three ideas carry most of it today" in chat.finished(0)
    expect(chat.answers.locator(".note")).to_have_count(0)
    expect(chat.page.get_by_role("status")).to_contain_text("Answer finished.")


def test_an_answer_stopped_before_its_first_word_stays_stopped(chat: ChatPage) -> None:
    """The history does not contain it."""
    chat.send("Hello [demo:slow-first=20]")
    expect(chat.answers).to_have_attribute("data-phase", "waiting")
    chat.button("Stop").click()
    note = chat.answers.locator(".note")
    expect(note).to_have_text("You stopped this answer.")
    chat.reload()
    expect(note).to_have_text("You stopped this answer.")
    chat.ask(f"Something else {QUICK}")
    assert chat.kept_runs == []


def test_a_tab_keeps_its_name_over_a_reload_and_shares_it_with_no_other(
    chat: ChatPage, open_page: Callable[..., ChatPage]
) -> None:
    """By it the service ends the connection that a reload leaves behind, and no other tab's."""
    other = open_page(profile=chat)
    names, names_of_other = _clients_of(chat), _clients_of(other)
    chat.send(SLOW)
    chat.growing(0)
    chat.reload()
    chat.growing(0)
    other.page.goto(f"{other.address}/#/chat/{chat.chat_id}")
    other.growing(0)

    assert len(names) >= 2
    assert len(set(names)) == 1
    assert names_of_other
    assert not set(names) & set(names_of_other)


def _clients_of(chat: ChatPage) -> list[str]:
    """The `clientId` of each stream that the page asks for from now on."""
    names: list[str] = []

    def note(request: Request) -> None:
        if "/chat/stream?" in request.url:
            names.extend(parse_qs(urlsplit(request.url).query)["clientId"])

    chat.page.on("request", note)
    return names
