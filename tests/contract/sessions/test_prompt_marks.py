"""What is stored of a session that ended without any text: its prompt says how. And why an answer is cut off."""

from dataclasses import replace

import pytest

from chat.messages import Message, MessageStatus
from chat.sessions import Failure, Session, SessionState
from fakes.conversation import LEASE_SECONDS, NOW, SESSION_SECONDS, Conversation

DEAD = NOW + LEASE_SECONDS
EXPIRED = NOW + SESSION_SECONDS
FAILURE = Failure("provider_unavailable", "The provider does not answer.", retryable=True)


def attached(conversation: Conversation) -> Session:
    return conversation.attach(conversation.start()).session


def prompt_of(conversation: Conversation) -> Message:
    return conversation.history()[0]


def mark_of(conversation: Conversation) -> tuple[MessageStatus | None, str | None, bool | None]:
    prompt = prompt_of(conversation)
    return prompt.prompt_status, prompt.code, prompt.retryable


def test_prompt_is_stored_as_one_that_waits(conversation: Conversation) -> None:
    conversation.start()
    assert mark_of(conversation) == (MessageStatus.PENDING, None, None)


@pytest.mark.parametrize(
    ("state", "status"),
    [(SessionState.COMPLETED, MessageStatus.COMPLETE), (SessionState.STOPPED, MessageStatus.STOPPED)],
)
def test_finish_without_text_marks_the_prompt(
    conversation: Conversation, state: SessionState, status: MessageStatus
) -> None:
    conversation.stores.sessions.finish(attached(conversation), state=state, answer=None)
    assert mark_of(conversation) == (status, None, None)


@pytest.mark.parametrize("retryable", [True, False])
def test_failure_without_text_marks_the_prompt_with_its_code(conversation: Conversation, *, retryable: bool) -> None:
    failure = replace(FAILURE, retryable=retryable)
    conversation.stores.sessions.finish(attached(conversation), state=SessionState.FAILED, answer=None, failure=failure)
    assert mark_of(conversation) == (MessageStatus.FAILED, "provider_unavailable", retryable)


def test_settlement_without_text_marks_the_prompt(conversation: Conversation) -> None:
    session = attached(conversation)
    assert conversation.stores.sessions.settle(
        session, now=DEAD, state=SessionState.FAILED, answer=None, failure=FAILURE
    )
    assert mark_of(conversation) == (MessageStatus.FAILED, "provider_unavailable", True)


def test_stop_of_a_pending_session_marks_the_prompt(conversation: Conversation) -> None:
    session = conversation.start()
    stopped = conversation.stores.sessions.request_stop(session.session_id, user_id=conversation.user_id, now=NOW)
    assert stopped == conversation.stored(session)
    assert mark_of(conversation) == (MessageStatus.STOPPED, None, None)


def test_end_with_text_leaves_the_prompt(conversation: Conversation) -> None:
    session = attached(conversation)
    before = prompt_of(conversation)
    conversation.stores.sessions.finish(session, state=SessionState.COMPLETED, answer=conversation.answer(session))
    assert prompt_of(conversation) == before


def test_end_that_is_refused_leaves_the_prompt(conversation: Conversation) -> None:
    session = attached(conversation)
    before = prompt_of(conversation)
    settled = conversation.stores.sessions.settle(
        session, now=DEAD - 1, state=SessionState.FAILED, answer=None, failure=FAILURE
    )
    assert not settled
    assert prompt_of(conversation) == before


def test_interrupted_answer_has_the_code_of_its_failure(conversation: Conversation) -> None:
    session = attached(conversation)
    answer = conversation.answer(session, "Once", status=MessageStatus.INTERRUPTED)
    conversation.stores.sessions.finish(session, state=SessionState.FAILED, answer=answer, failure=FAILURE)
    assert conversation.history()[1] == replace(answer, code="provider_unavailable", retryable=True)
    assert mark_of(conversation) == (MessageStatus.PENDING, None, None)


def test_end_of_an_older_session_leaves_the_prompt_to_the_newer(conversation: Conversation) -> None:
    older = attached(conversation)
    newer = conversation.restart(older)
    sessions = conversation.stores.sessions
    assert sessions.settle(older, now=DEAD, state=SessionState.FAILED, answer=None, failure=FAILURE)
    assert conversation.stored(older).state is SessionState.FAILED
    assert mark_of(conversation) == (MessageStatus.PENDING, None, None)
    assert prompt_of(conversation).session_id == newer.session_id


def test_prompts_of_version_0_1_0_have_no_mark_until_their_session_ends(conversation: Conversation) -> None:
    session, prompt = conversation.prepare()
    old = replace(prompt, prompt_status=None)
    conversation.stores.sessions.start(session, old)
    assert conversation.history() == (old,)
    read = conversation.attach(session).session
    conversation.stores.sessions.finish(read, state=SessionState.FAILED, answer=None, failure=FAILURE)
    assert mark_of(conversation) == (MessageStatus.FAILED, "provider_unavailable", True)
