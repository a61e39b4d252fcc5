"""“Try again” asks for another answer to the prompt that is stored; the prompt is not stored a second time."""

from typing import Any

import pytest
from playwright.sync_api import expect

from fakes.page.chat_page import ChatPage
from fakes.page.routes import START, STREAM, Answers, Regenerating, body_of, problem, prompts_are, refusal

QUICK = "[demo:rate=400]"
FAILS = "Hello from {} [demo:status=500 times=3 rate=400]"
"""The service itself asks a failing provider three times. The demo provider counts the calls with this very text."""


def _fails(chat: ChatPage) -> str:
    """An answer that failed without a text; returns its prompt."""
    prompt = FAILS.format(chat.user)
    chat.send(prompt)
    expect(chat.answers.locator(".note.failed")).to_be_visible(timeout=20_000)
    return prompt


def _try_again(chat: ChatPage) -> None:
    """Until the failed answer has made room."""
    chat.button("Try again").click()
    expect(chat.answers.locator(".note.failed")).to_have_count(0)


def _stored(chat: ChatPage) -> list[dict[str, Any]]:
    """The chat's messages, as the service has them."""
    with chat.page.expect_response("**/chat/history?*chatId=*") as response:
        chat.reload()
    messages: list[dict[str, Any]] = response.value.json()["messages"]
    return messages


@pytest.mark.parametrize("reloaded", [False, True], ids=["", "reloaded"])
def test_the_prompt_is_not_sent_a_second_time(chat: ChatPage, reloaded: bool) -> None:
    prompt = _fails(chat)
    if reloaded:
        chat.reload()
    asked = Regenerating(chat.page, prompt)
    _try_again(chat)
    assert chat.finished(0)
    expect(chat.prompts).to_have_count(1)
    expect(chat.answers).to_have_count(1)
    (body,) = asked.bodies
    stored = [message for message in _stored(chat) if message["role"] == "user"]
    assert [message["content"] for message in stored] == [prompt]
    assert body == {"modelId": stored[0]["modelId"], "chatId": stored[0]["chatId"], "regenerate": stored[0]["id"]}


def test_an_answer_that_broke_off_stays_and_another_one_follows(chat: ChatPage) -> None:
    prompt = "What is artificial intelligence? [demo:die-after=30 rate=100]"
    chat.send(prompt)
    expect(chat.answers.locator(".note.failed")).to_be_visible(timeout=20_000)
    text = chat.text(0)
    Regenerating(chat.page, f"Hello {QUICK}")
    chat.button("Try again").click()
    assert chat.finished(1)
    assert chat.text(0) == text
    expect(chat.prompts).to_have_count(1)
    expect(chat.button("Try again")).to_have_count(0)


def test_another_answer_that_grows_is_found_again_after_a_reload(chat: ChatPage) -> None:
    _fails(chat)
    Regenerating(chat.page, "What is artificial intelligence? [demo:rate=20 tokens=2000]")
    _try_again(chat)
    shown = chat.growing(0, more_than=60)
    chat.reload()
    assert chat.growing(0).startswith(shown[:20])
    expect(chat.answers).to_have_count(1)
    chat.button("Stop").click()
    chat.finished(0)


def test_a_service_that_cannot_do_so_is_sent_the_prompt(chat: ChatPage) -> None:
    prompt = _fails(chat)
    errors = [{"field": "prompt", "message": "Field required"}, {"field": "regenerate", "message": "Not permitted"}]
    faked = Answers(chat.page, START, [problem(422, "invalid_request", errors=errors)])
    chat.watch.refusals_expected = True
    _try_again(chat)
    assert chat.finished(0)
    assert body_of(faked.requests[1])["prompt"] == prompt
    assert len(set(faked.keys)) == 2


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (problem(409, "answer_in_progress"), "This message is already being answered."),
        (problem(404, "message_not_found"), "This message no longer exists."),
    ],
)
def test_a_chat_that_went_on_elsewhere_is_shown_as_it_is(chat: ChatPage, answer: Any, sentence: str) -> None:
    _fails(chat)
    chat.watch.refusals_expected = True
    Answers(chat.page, START, [answer])
    with chat.page.expect_response("**/chat/history?*chatId=*"):
        chat.button("Try again").click()
    expect(chat.alert).to_contain_text(sentence)
    expect(chat.answers).to_have_count(1)
    expect(chat.box).to_have_value("")


def test_a_try_that_is_refused_can_be_made_again(chat: ChatPage) -> None:
    prompt = _fails(chat)
    chat.watch.refusals_expected = True
    Answers(chat.page, START, [problem(403, "user_disabled")])
    chat.button("Try again").click()
    expect(chat.alert).to_contain_text("This user is disabled.")
    expect(chat.box).to_have_value("")
    chat.page.unroute(START)
    Regenerating(chat.page, prompt)
    _try_again(chat)
    assert chat.finished(0)
    expect(chat.alert).to_be_hidden()


@pytest.mark.parametrize("code", ["session_expired", "session_not_found"])
def test_a_session_that_is_over_without_an_answer_can_be_tried_again(chat: ChatPage, code: str) -> None:
    sentence = {
        "session_expired": "This message was not answered in time.",
        "session_not_found": "There is no answer to this message.",
    }[code]
    prompts_are(chat.page, "failed", code, retryable=True)
    Answers(chat.page, STREAM, [refusal(code)])
    chat.send(f"Hello {QUICK}")
    note = chat.answers.locator(".note.failed")
    expect(note).to_have_text(sentence)
    Regenerating(chat.page, f"Hello {QUICK}")
    _try_again(chat)
    assert chat.finished(0)
    expect(chat.prompts).to_have_count(1)
