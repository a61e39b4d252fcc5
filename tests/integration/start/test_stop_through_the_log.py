"""POST /chat/stop with Redis: the event log stops the producer, and its text is kept."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator

import pytest

from chat import events
from chat.messages import MessageStatus
from chat.redis import Breaker, RedisSettings, connect
from chat.sessions import Lease
from chat.sharing.event_log import AppendResult, TextEntry
from fakes.functions.buffered import Answer, Handler, World, call, user_of
from fakes.limits import PATIENT_SECONDS
from fakes.redis.servers import RedisServer, redis_server

type Start = Callable[..., Answer]
type Build = Callable[..., Handler]

LEASE_SECONDS = 30.0


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def handler(build: Build, redis: RedisServer) -> Handler:
    return build(**redis.environ, REDIS_TIMEOUT_SECONDS=str(PATIENT_SECONDS))


def stop(handler: Handler, bearer: str, session_id: str) -> Answer:
    return call(handler, "POST", "/chat/stop", bearer=bearer, body=json.dumps({"sessionId": session_id}).encode())


def stream(aws: World, bearer: str, session_id: str, text: str, *, now: float) -> Lease:
    """A producer that holds the session and has stored `text`."""
    attachment = aws.sessions.attach(
        session_id, user_id=user_of(bearer), owner="tests", now=now, lease_seconds=LEASE_SECONDS, max_attaches=10
    )
    aws.sessions.checkpoint(attachment.lease, text=text, now=now, lease_seconds=LEASE_SECONDS)
    return attachment.lease


def append(redis: RedisServer, lease: Lease, text: str) -> AppendResult:
    """What a producer logs, and learns; without a text it only asks."""
    entries = [TextEntry(events.TYPING_ID + len(text), text)] if text else []

    async def log() -> AppendResult:
        settings = RedisSettings.from_environ(redis.environ | {"REDIS_TIMEOUT_SECONDS": str(PATIENT_SECONDS)})
        services = connect(settings, Breaker())
        assert services is not None
        try:
            return await services.log.append(lease.session_id, epoch=lease.epoch, entries=entries)
        finally:
            await services.close()

    return asyncio.run(log())


def test_next_append_stops_the_producer(aws: World, start: Start, redis: RedisServer, handler: Handler) -> None:
    bearer = aws.user()
    session_id = start(bearer, to=handler).json["sessionId"]
    lease = stream(aws, bearer, session_id, "half", now=time.time())
    assert append(redis, lease, "half an ans") is AppendResult.CONTINUE
    assert stop(handler, bearer, session_id).json["state"] == "streaming"
    assert append(redis, lease, "") is AppendResult.STOP
    assert stop(handler, bearer, session_id).status == 200


def test_another_users_session_is_not_stopped(aws: World, start: Start, redis: RedisServer, handler: Handler) -> None:
    bearer = aws.user()
    session_id = start(bearer, to=handler).json["sessionId"]
    lease = stream(aws, bearer, session_id, "half", now=time.time())
    assert stop(handler, aws.user(), session_id).refusal == (404, "session_not_found")
    assert append(redis, lease, "half") is AppendResult.CONTINUE


@pytest.mark.parametrize(
    ("stored", "logged", "kept"),
    [("half", "half an ans", "half an ans"), ("half an ans", "half", "half an ans"), ("half", "", "half")],
)
def test_the_longer_of_log_and_checkpoint_is_kept(
    aws: World, start: Start, redis: RedisServer, handler: Handler, *, stored: str, logged: str, kept: str
) -> None:
    bearer = aws.user()
    started = start(bearer, to=handler).json
    lease = stream(aws, bearer, started["sessionId"], stored, now=time.time() - LEASE_SECONDS - 1)
    append(redis, lease, logged)
    assert stop(handler, bearer, started["sessionId"]).json["state"] == "stopped"
    _, answer = aws.messages.page(user_of(bearer), started["chatId"], limit=10).messages
    assert (answer.content, answer.status) == (kept, MessageStatus.STOPPED)


def test_a_stop_needs_no_redis(aws: World, start: Start, build: Build) -> None:
    with redis_server() as dying:
        handler = build(**dying.environ)
        bearer = aws.user()
        session_id = start(bearer, to=handler).json["sessionId"]
        lease = stream(aws, bearer, session_id, "half", now=time.time())
        dying.kill()
        assert stop(handler, bearer, session_id).json["state"] == "streaming"
        assert aws.sessions.checkpoint(lease, text=None, now=time.time(), lease_seconds=LEASE_SECONDS)
