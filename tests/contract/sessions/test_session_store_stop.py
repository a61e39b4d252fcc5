"""SessionStore: stopping."""

from dataclasses import replace
from typing import Any

import pytest

from chat.errors import NotFoundError, SessionExpiredError
from chat.sessions import Session, SessionState
from fakes.conversation import NOW, SESSION_SECONDS, Conversation

EXPIRED = NOW + SESSION_SECONDS


def stop(conversation: Conversation, session_id: str, **changes: Any) -> Session:
    arguments: dict[str, Any] = {"user_id": conversation.user_id, "now": NOW} | changes
    return conversation.stores.sessions.request_stop(session_id, **arguments)


def test_stop_ends_a_pending_session_at_once(conversation: Conversation) -> None:
    session = conversation.start()
    stopped = replace(session, state=SessionState.STOPPED, stop_requested=True)
    assert stop(conversation, session.session_id) == stopped
    assert stop(conversation, session.session_id) == stopped
    assert conversation.stored(session) == stopped


def test_stop_marks_a_session_being_produced(conversation: Conversation) -> None:
    session = conversation.start()
    marked = replace(conversation.attach(session).session, stop_requested=True)
    assert stop(conversation, session.session_id) == marked
    assert stop(conversation, session.session_id, now=EXPIRED) == marked


def test_stop_leaves_a_finished_session(conversation: Conversation) -> None:
    session = conversation.start()
    attached = conversation.attach(session).session
    conversation.stores.sessions.finish(attached, state=SessionState.COMPLETED, answer=conversation.answer(session))
    before = conversation.stored(session)
    assert stop(conversation, session.session_id, now=EXPIRED) == before
    assert conversation.stored(session) == before


def test_stop_of_an_expired_session(conversation: Conversation) -> None:
    session = conversation.start()
    with pytest.raises(SessionExpiredError):
        stop(conversation, session.session_id, now=EXPIRED)
    assert conversation.stored(session) == session


def test_stop_knows_no_session_of_another_user(conversation: Conversation) -> None:
    pending = conversation.start()
    streaming = conversation.attach(conversation.start(now=NOW + 1), now=NOW + 1).session
    for session_id in (pending.session_id, streaming.session_id, "unknown"):
        with pytest.raises(NotFoundError) as caught:
            stop(conversation, session_id, user_id="mallory")
        assert caught.value.code == "session_not_found"
    assert conversation.stored(pending) == pending
    assert conversation.stored(streaming) == streaming
