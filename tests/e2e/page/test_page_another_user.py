"""No data of one user is sent, shown or kept for another who signs in on the same page."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Request, Route, expect

from fakes.page.chat_page import ChatPage
from fakes.page.routes import HISTORY, START, Answers, body_of, problem
from fakes.page.routes import status as answer_of_status

SECRET = "My secret [demo:rate=400]"
MODELS = "**/chat/models"


class Held:
    """Holds the requests to an address until they are let go; with `most`, only that many."""

    def __init__(self, chat: ChatPage, pattern: str, most: int = 100) -> None:
        self._chat = chat
        self._most = most
        self.routes: list[Route] = []
        chat.page.route(pattern, self._hold)

    def _hold(self, route: Route) -> None:
        if len(self.routes) < self._most:
            self.routes.append(route)
        else:
            route.continue_()

    def wait(self, count: int = 1) -> None:
        while len(self.routes) < count:
            self._chat.page.wait_for_timeout(20)

    def let_go(self, answer: Callable[[Route], None]) -> None:
        """Answers them; those that the page has given up are left alone."""
        for route in self.routes:
            try:
                answer(route)
            except Exception as error:
                if "already" not in str(error) and "cancel" not in str(error).lower():
                    raise


def sent(chat: ChatPage) -> list[Request]:
    """All prompts that leave the page from now on."""
    requests: list[Request] = []
    chat.page.on("request", lambda request: requests.append(request) if "/chat/start" in request.url else None)
    return requests


def assert_nothing_is_left(chat: ChatPage) -> None:
    """An empty page: no prompt, no text in the box, no chat in the list, no alert."""
    expect(chat.page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
    chat.page.wait_for_load_state("networkidle")
    expect(chat.prompts).to_have_count(0)
    expect(chat.answers).to_have_count(0)
    expect(chat.box).to_have_value("")
    expect(chat.chats).to_have_count(0)
    expect(chat.page.get_by_role("alert")).to_have_count(0)
    assert "My secret" not in chat.page.content()


@pytest.fixture
def chat(chat: ChatPage) -> ChatPage:
    chat.watch.refusals_expected = True
    return chat


@pytest.fixture
def other(chat: ChatPage) -> str:
    return f"{chat.user}-other"


def test_a_prompt_that_waits_is_not_sent_as_another_user(chat: ChatPage, other: str) -> None:
    Answers(chat.page, START, [problem(429, "rate_limited", headers={"retry-after": "4"}, retryAfterSeconds=4)] * 2)
    chat.send(SECRET)
    expect(chat.answers).to_contain_text("Sending it again")
    requests = sent(chat)
    chat.sign_in(other)
    chat.page.wait_for_timeout(5000)  # longer than the wait
    assert requests == []
    assert_nothing_is_left(chat)


def test_a_draft_is_not_left_in_the_box(chat: ChatPage, other: str) -> None:
    chat.box.fill(SECRET)
    chat.sign_in(other)
    assert_nothing_is_left(chat)


def test_a_prompt_that_waits_for_the_models_is_not_sent_as_another_user(
    open_page: Callable[..., ChatPage], other: str
) -> None:
    chat = open_page()
    models = Held(chat, MODELS, most=1)
    chat.page.goto(f"{chat.address}/#/")
    chat.page.reload()
    models.wait()
    chat.send(SECRET)
    requests = sent(chat)
    chat.sign_in(other)
    models.let_go(lambda route: route.continue_())
    expect(chat.page.locator("#picker-button")).to_be_enabled()
    assert_nothing_is_left(chat)
    assert requests == []


@pytest.mark.parametrize("taken", [True, False])
def test_a_prompt_on_its_way_is_shown_to_nobody_else(chat: ChatPage, other: str, *, taken: bool) -> None:
    starts = Held(chat, START)
    chat.send(SECRET)
    starts.wait()
    chat.sign_in(other)
    starts.let_go(lambda route: route.continue_() if taken else problem(422, "invalid_request")(route))
    assert_nothing_is_left(chat)


def test_a_prompt_that_could_not_be_sent_does_not_come_back_into_the_box(chat: ChatPage, other: str) -> None:
    """The first attempts after one without an answer come by themselves."""
    starts = Held(chat, START)
    chat.send(SECRET)
    starts.wait()
    starts.let_go(lambda route: route.abort("connectionrefused"))
    requests = sent(chat)
    chat.sign_in(other)
    chat.page.wait_for_timeout(2000)
    assert [body_of(request) for request in requests if other in str(request.headers)] == []
    assert_nothing_is_left(chat)


def test_an_answer_that_is_looked_for_in_the_history_is_shown_to_nobody_else(chat: ChatPage, other: str) -> None:
    """The answer ended in an error; the page asks the history for what is stored of it."""
    history = Held(chat, HISTORY)
    chat.send("My secret [demo:rate=400 tokens=40 error-after=20]")
    history.wait()
    chat.sign_in(other)
    history.let_go(lambda route: route.continue_())
    assert_nothing_is_left(chat)


def test_a_stop_that_fails_says_nothing_to_another_user(chat: ChatPage, other: str) -> None:
    stops = Held(chat, "**/chat/stop")
    chat.send("My secret [demo:rate=20 tokens=2000]")
    chat.growing(0)
    chat.button("Stop").click()
    stops.wait()
    chat.sign_in(other)
    stops.let_go(answer_of_status(502))
    assert_nothing_is_left(chat)


def test_sign_in_reaches_all_tabs(open_page: Callable[..., ChatPage], other: str) -> None:
    chat = open_page()
    second = open_page(profile=chat)
    second.box.fill(SECRET)
    chat.sign_in(other)
    expect(second.page.locator(".account-name")).to_have_text(other)
    assert_nothing_is_left(second)
