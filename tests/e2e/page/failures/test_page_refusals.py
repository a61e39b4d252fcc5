"""Each refusal has its own sentence; the page retries temporary ones when the service says so."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from fakes.page.chat_page import ChatPage
from fakes.page.routes import START, STREAM, Answers, problem, refusal, status

QUICK = "[demo:rate=400]"
ENDLESS = "What is artificial intelligence? [demo:rate=20 tokens=2000]"
TOO_MANY = "You have reached your tier's limit of concurrent answers."
TOO_FAST = "You have reached your tier's limit of messages per minute."

PASSING = {
    "too_many_streams": TOO_MANY,
    "storage_unavailable": "The service's storage is not available at the moment.",
    "keys_unavailable": "The service cannot verify your sign-in at the moment.",
    "too_many_attaches": "This answer was opened too often within a short time.",
    "deadline_exceeded": "The answer took longer than the service allows.",
}
OF_THE_USER = {
    "token_missing": "You are signed out. Sign in to continue.",
    "token_expired": "Your sign-in has expired. Sign in again to continue.",
    "token_invalid": "The service does not accept your sign-in. Sign in again to continue.",
    "user_disabled": "This user is disabled.",
}


def test_an_answer_too_many_begins_when_another_one_ends(open_page: Callable[..., ChatPage]) -> None:
    """A BASIC user has two at the same time."""
    chat = open_page(tier="BASIC")
    for _ in range(2):
        chat.send(ENDLESS)
        chat.growing(0)
        chat.new_chat()
    chat.send(f"Hello {QUICK}")
    expect(chat.answers).to_contain_text(TOO_MANY)
    expect(chat.answers).to_contain_text("Trying again")
    expect(chat.page.get_by_role("status")).to_contain_text(TOO_MANY)
    expect(chat.answers).not_to_contain_text("connection")
    third = chat.chat_id

    chat.chats.nth(1).click()
    chat.button("Stop").click()
    chat.finished(0)
    chat.page.goto(f"{chat.address}/#/chat/{third}")
    assert chat.finished(0)
    expect(chat.prompts).to_have_count(1)
    chat.chats.last.click()
    chat.button("Stop").click()
    chat.finished(0)


@pytest.mark.parametrize(("code", "sentence"), PASSING.items(), ids=PASSING)
def test_a_refusal_that_may_pass_is_tried_again_when_the_service_says(chat: ChatPage, code: str, sentence: str) -> None:
    times: list[float] = []
    chat.page.on("request", lambda request: times.append(time.monotonic()) if "/chat/stream?" in request.url else None)
    Answers(chat.page, STREAM, [refusal(code, retryable=True, retryAfterSeconds=5)])
    chat.send(f"Hello {QUICK}")
    expect(chat.answers).to_have_attribute("data-phase", "retrying")
    expect(chat.answers.locator(".reason")).to_have_text(re.compile(re.escape(sentence) + r" Trying again in [1-5] s"))
    expect(chat.button("Try again")).to_have_count(0)
    assert chat.finished(0)
    assert times[1] - times[0] >= 4.9
    expect(chat.prompts).to_have_count(1)


def test_a_refusal_that_does_not_say_when_is_tried_again_later(chat: ChatPage) -> None:
    faked = Answers(chat.page, STREAM, [refusal("storage_unavailable", retryable=True)] * 2)
    chat.send(f"Hello {QUICK}")
    assert chat.finished(0)
    assert len(faked.requests) == 3


def test_stop_reaches_an_answer_that_waits_to_begin(chat: ChatPage) -> None:
    Answers(chat.page, STREAM, [refusal("too_many_streams", retryable=True, retryAfterSeconds=600)])
    chat.send(f"Hello {QUICK}")
    expect(chat.answers).to_contain_text(TOO_MANY)
    chat.button("Stop").click()
    expect(chat.answers.locator(".note")).to_have_text("You stopped this answer.")


@pytest.mark.parametrize(("code", "sentence"), OF_THE_USER.items(), ids=OF_THE_USER)
def test_refused_user_sees_why_and_can_follow_again(chat: ChatPage, code: str, sentence: str) -> None:
    """First the stream's own token is refused, then the user's, then a new one."""
    faked = Answers(chat.page, STREAM, [refusal(code)] * (1 if code == "user_disabled" else 3))
    chat.send(f"Hello {QUICK}")
    expect(chat.answers).to_have_attribute("data-phase", "paused")
    expect(chat.answers.locator(".reason")).to_have_text(sentence)
    expect(chat.page.get_by_role("status")).to_have_text(sentence)
    expect(chat.button("Try again")).to_have_count(0)
    assert not faked.answers
    chat.button("Follow again").click()
    assert chat.finished(0)
    expect(chat.prompts).to_have_count(1)


def test_a_stream_token_that_does_not_hold_is_replaced_by_the_users_own(chat: ChatPage) -> None:
    faked = Answers(chat.page, STREAM, [refusal("token_expired")])
    assert chat.ask(f"Hello {QUICK}")
    first, second = faked.queries
    assert "streamToken" in first
    assert "streamToken" not in second
    assert faked.requests[1].headers["authorization"].startswith("Bearer ")


def test_a_message_too_many_waits_and_is_sent_once(chat: ChatPage) -> None:
    chat.watch.refusals_expected = True
    answers = [
        problem(429, "rate_limited", retryAfterSeconds=5),
        problem(429, "rate_limited", headers={"retry-after": "1"}),
    ]
    faked = Answers(chat.page, START, answers)
    chat.send(f"Hello {QUICK}")
    expect(chat.answers).to_have_attribute("data-phase", "held")
    expect(chat.answers.locator(".reason")).to_have_text(
        re.compile(re.escape(TOO_FAST) + r" Sending it again in [1-5] s")
    )
    expect(chat.page.get_by_role("status")).to_contain_text(TOO_FAST)
    expect(chat.alert).to_be_hidden()
    assert chat.finished(0)
    expect(chat.answers).to_have_count(1)
    expect(chat.prompts).to_have_count(1)
    assert len(faked.keys) == 3
    assert len(set(faked.keys)) == 1


def test_a_message_that_waits_can_be_given_up(chat: ChatPage) -> None:
    chat.watch.refusals_expected = True
    Answers(chat.page, START, [problem(429, "rate_limited", retryAfterSeconds=50)])
    chat.send(f"Hello {QUICK}")
    chat.button("Cancel").click()
    expect(chat.box).to_have_value(f"Hello {QUICK}")
    expect(chat.answers).to_have_count(0)
    expect(chat.prompts).to_have_count(0)
    expect(chat.alert).to_be_hidden()
    chat.box.press("Enter")
    assert chat.finished(0)


def test_a_message_that_waits_can_be_sent_at_once(chat: ChatPage) -> None:
    chat.watch.refusals_expected = True
    Answers(chat.page, START, [problem(429, "rate_limited", retryAfterSeconds=50)])
    chat.send(f"Hello {QUICK}")
    chat.button("Send now").click()
    assert chat.finished(0)


def test_a_wait_that_is_too_long_is_left_to_the_user(chat: ChatPage) -> None:
    """The message goes out under the same key when it is sent again."""
    chat.watch.refusals_expected = True
    faked = Answers(chat.page, START, [problem(429, "rate_limited", retryAfterSeconds=600)])
    chat.send(f"Hello {QUICK}")
    expect(chat.alert).to_contain_text(f"{TOO_FAST} Try again in 10 minutes.")
    expect(chat.box).to_have_value(f"Hello {QUICK}")
    chat.box.press("Enter")
    assert chat.finished(0)
    assert len(set(faked.keys)) == 1


def test_a_refusal_is_not_met_for_ever(chat: ChatPage) -> None:
    chat.watch.refusals_expected = True
    faked = Answers(chat.page, START, [problem(503, "storage_unavailable", retryAfterSeconds=0)] * 9)
    chat.send("Hello")
    expect(chat.alert).to_contain_text("The service's storage is not available at the moment.")
    expect(chat.box).to_have_value("Hello")
    expect(chat.answers).to_have_count(0)
    assert len(faked.requests) == 5


def test_a_message_sent_through_a_dead_gateway_is_sent_once(chat: ChatPage) -> None:
    chat.watch.refusals_expected = True
    faked = Answers(chat.page, START, [status(502)])
    chat.send(f"Hello {QUICK}")
    assert chat.finished(0)
    assert len(faked.keys) == 2
    assert len(set(faked.keys)) == 1


def test_a_chat_opened_again_shows_the_message_that_had_to_wait(chat: ChatPage) -> None:
    chat.ask(f"First {QUICK}")
    chat.watch.refusals_expected = True
    Answers(chat.page, START, [problem(429, "rate_limited", retryAfterSeconds=5)])
    chat.send(f"Second {QUICK}")
    expect(chat.answers.last).to_have_attribute("data-phase", "held")
    left = chat.chat_id
    chat.new_chat()
    expect(chat.answers).to_have_count(0)
    chat.page.goto(f"{chat.address}/#/chat/{left}")
    expect(chat.prompts).to_have_count(2)
    assert chat.finished(1)
