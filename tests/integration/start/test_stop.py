"""POST /chat/stop."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from chat.ids import new_id
from chat.messages import MessageStatus
from chat.sessions import SessionState
from chat.users import Tier
from fakes.functions.buffered import Answer, Handler, World, call, user_of

type Start = Callable[..., Answer]

LEASE_SECONDS = 30.0


def stop(handler: Handler, bearer: str | None, session_id: Any) -> Answer:
    return call(handler, "POST", "/chat/stop", bearer=bearer, body=json.dumps({"sessionId": session_id}).encode())


def stream(aws: World, bearer: str, session_id: str, *, text: str | None, now: float | None = None) -> None:
    """A producer that holds the session and has written `text`."""
    now = now or time.time()
    attachment = aws.sessions.attach(
        session_id, user_id=user_of(bearer), owner="tests", now=now, lease_seconds=LEASE_SECONDS, max_attaches=10
    )
    aws.sessions.checkpoint(attachment.lease, text=text, now=now, lease_seconds=LEASE_SECONDS)


def state_of(aws: World, session_id: str) -> SessionState:
    session = aws.sessions.get(session_id)
    assert session is not None
    return session.state


def test_a_session_that_nobody_streams_is_stopped_at_once(aws: World, start: Start, handler: Handler) -> None:
    bearer = aws.user()
    session_id = start(bearer).json["sessionId"]
    answer = stop(handler, bearer, session_id)
    assert (answer.status, answer.json) == (200, {"sessionId": session_id, "state": "stopped"})
    assert answer.headers["cache-control"] == "private, no-store"
    assert stop(handler, bearer, session_id).json["state"] == "stopped"


def test_a_session_that_is_streamed_is_asked_to_stop(aws: World, start: Start, handler: Handler) -> None:
    bearer = aws.user()
    session_id = start(bearer).json["sessionId"]
    stream(aws, bearer, session_id, text="half an ans")
    assert stop(handler, bearer, session_id).json["state"] == "streaming"
    session = aws.sessions.get(session_id)
    assert session is not None
    assert session.stop_requested


@pytest.mark.parametrize("text", ["half an ans", None])
def test_session_of_a_dead_producer_is_settled_with_its_checkpoint(
    aws: World, start: Start, handler: Handler, text: str | None
) -> None:
    bearer = aws.user()
    started = start(bearer).json
    session_id = started["sessionId"]
    stream(aws, bearer, session_id, text=text, now=time.time() - LEASE_SECONDS - 1)
    assert stop(handler, bearer, session_id).json["state"] == "stopped"
    assert state_of(aws, session_id) is SessionState.STOPPED
    _, *answers = aws.messages.page(user_of(bearer), started["chatId"], limit=10).messages
    assert [(m.content, m.status) for m in answers] == ([(text, MessageStatus.STOPPED)] if text else [])


def test_a_finished_session_stays_as_it_is(aws: World, start: Start, handler: Handler) -> None:
    bearer = aws.user()
    session_id = start(bearer).json["sessionId"]
    attachment = aws.sessions.attach(
        session_id, user_id=user_of(bearer), owner="tests", now=time.time(), lease_seconds=9, max_attaches=10
    )
    aws.sessions.finish(attachment.session, state=SessionState.COMPLETED, answer=None)
    assert stop(handler, bearer, session_id).json["state"] == "completed"


def test_a_session_that_is_not_there_and_another_users_are_the_same(aws: World, start: Start, handler: Handler) -> None:
    session_id = start(aws.user()).json["sessionId"]
    another = stop(handler, aws.user(), session_id)
    unknown = stop(handler, aws.user(), new_id())
    assert another.refusal == unknown.refusal == (404, "session_not_found")
    assert another.body == unknown.body
    assert state_of(aws, session_id) is SessionState.PENDING


def test_a_session_whose_time_is_over_before_dynamodb_deletes_it(aws: World, handler: Handler) -> None:
    bearer = aws.user()
    session = aws.converse(bearer, "chat", "hi", at=-601)
    assert stop(handler, bearer, session.session_id).refusal == (410, "session_expired")


def test_a_disabled_user(aws: World, handler: Handler) -> None:
    assert stop(handler, aws.user(Tier.PRO, disabled=True), new_id()).refusal == (403, "user_disabled")


def test_no_token(handler: Handler) -> None:
    assert stop(handler, None, new_id()).refusal == (401, "token_missing")


@pytest.mark.parametrize("session_id", [None, 5, "", "x" * 65, ["a"], "\ud800", "\0", "' OR 1=1", "ä"], ids=range(9))
def test_a_session_id_that_is_none(aws: World, handler: Handler, session_id: Any) -> None:
    answer = stop(handler, aws.user(), session_id)
    assert answer.refusal == (422, "invalid_request")
    assert answer.json["errors"][0]["field"] == "sessionId"
