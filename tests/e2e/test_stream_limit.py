"""BASIC is limited to two concurrent answers in the running stack, whatever processes die."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chat.limits import SLOT_SECONDS
from fakes.redis.bad_luck import refusing
from fakes.redis.servers import RedisServer, redis_server
from fakes.stack.frontend import Frontend
from fakes.stack.process import RunningStack, running_stack
from fakes.stack.stream_processes import kill_streams

pytestmark = pytest.mark.timeout(120)

LONG = "[demo:tokens=2000 rate=20]"
LEASE_SECONDS = 6


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def stack(redis: RedisServer) -> Iterator[RunningStack]:
    with running_stack(environ={"REDIS_URL": redis.url}) as stack:
        yield stack


@contextmanager
def two_streams(user: Frontend) -> Iterator[tuple[str, str]]:
    """Two sessions with answers in progress."""
    one, two = (user.start(f"{LONG} {number}")["sessionId"] for number in range(2))
    with user.stream(one) as first, user.stream(two) as second:
        for arrivals in (first, second):
            next(arrivals)
        yield one, two


def is_refused(user: Frontend, session_id: str) -> bool:
    with user.client.stream("GET", "/chat/stream", params={"sessionId": session_id}) as answer:
        if answer.status_code == 200:
            return False
        answer.read()
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_streams")
        return True


def is_let_in(user: Frontend, session_id: str) -> bool:
    """Not so, too, where the request was given to a process that had just been killed."""
    with user.client.stream("GET", "/chat/stream", params={"sessionId": session_id}) as answer:
        return answer.status_code == 200


def stop(user: Frontend, session_id: str) -> None:
    assert user.client.post("/chat/stop", json={"sessionId": session_id}).is_success


def test_limit_holds_while_redis_forgets_and_fails(stack: RunningStack, redis: RedisServer) -> None:
    with Frontend(stack, "alice", "BASIC") as alice:
        third = alice.start(f"{LONG} 3")["sessionId"]
        with two_streams(alice) as sessions:
            assert is_refused(alice, third)
            with redis.client() as client:
                client.flushall()
            assert is_refused(alice, third)
            with refusing(redis):
                assert is_refused(alice, third)
            assert is_refused(alice, third)
            for session_id in sessions:
                stop(alice, session_id)
            deadline = time.monotonic() + 10
            while is_refused(alice, third):
                assert time.monotonic() < deadline
                time.sleep(0.1)
        stop(alice, third)


def test_answers_whose_processes_were_killed_hold_no_slot_for_long(stack: RunningStack) -> None:
    """The wait is at most a lease, not the slots' own lifetime."""
    with Frontend(stack, "bob", "BASIC") as bob:
        third = bob.start(f"{LONG} 3")["sessionId"]
        with two_streams(bob):
            assert is_refused(bob, third)
            kill_streams(stack)
            deadline = time.monotonic() + LEASE_SECONDS + SLOT_SECONDS / 3
            while not is_let_in(bob, third):
                assert time.monotonic() < deadline
                time.sleep(0.1)
        stop(bob, third)
