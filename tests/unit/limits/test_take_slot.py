"""The refusal of a stream without a free slot, and which holders are dropped first."""

from collections.abc import Mapping
from dataclasses import replace
from typing import override

import pytest

from chat.errors import StorageError, TooManyRequestsError
from chat.limits import SLOT_SECONDS, Slot, take_slot
from chat.limits.slots import ATTACH_SECONDS, acquired_until, renewed_until
from chat.messages import MessageKind
from chat.sessions import Session, SessionState
from fakes.memory.limits import MemoryStreamSlots

NOW = 1_800_000_000.0
PENDING = Session(
    session_id="one",
    user_id="alice",
    chat_id="chat",
    model_id="small",
    kind=MessageKind.CHAT,
    prompt_message_id="1",
    answer_message_id="2",
    created_at=NOW,
    expires_at=NOW + 600,
)
RUNNING = replace(PENDING, state=SessionState.STREAMING, epoch=1, lease_expires_at=NOW + 100)


class Sessions:
    """What is stored under each id; an id that is not there is a session that is gone."""

    def __init__(self, stored: Mapping[str, Session | StorageError] | None = None) -> None:
        self._stored = dict(stored or {})
        self.read: list[str] = []

    def get(self, session_id: str) -> Session | None:
        self.read.append(session_id)
        stored = self._stored.get(session_id)
        if isinstance(stored, StorageError):
            raise stored
        return stored


def take(slots: MemoryStreamSlots, sessions: Sessions, session_id: str, limit: int = 1, now: float = NOW) -> Slot:
    return take_slot(slots, sessions, user_id="alice", session_id=session_id, limit=limit, now=now)


def refusal(slots: MemoryStreamSlots, sessions: Sessions, limit: int = 1, now: float = NOW) -> TooManyRequestsError:
    with pytest.raises(TooManyRequestsError) as refused:
        take(slots, sessions, "new", limit, now)
    return refused.value


def test_free_slot_is_taken_without_reading_sessions() -> None:
    slots, sessions = MemoryStreamSlots(), Sessions()
    assert take(slots, sessions, "one") == Slot("alice", "one", acquired_until(NOW), fresh=True)
    assert not take(slots, sessions, "one").fresh
    assert slots.held == {"alice": {"one": renewed_until(NOW)}}
    assert sessions.read == []


@pytest.mark.parametrize(("seconds", "wait"), [(0.0, 60), (0.25, 60), (59.0, 1), (59.999, 1)])
def test_no_slot_is_a_refusal_that_says_how_long_to_wait(seconds: float, wait: int) -> None:
    slots, sessions = MemoryStreamSlots(), Sessions({"one": RUNNING})
    take(slots, sessions, "one")
    error = refusal(slots, sessions, now=NOW + seconds)
    assert (error.code, error.http_status, error.retryable) == ("too_many_streams", 429, True)
    assert error.extensions == {"retryAfterSeconds": wait}


@pytest.mark.parametrize(
    "holder",
    [
        None,
        *(replace(RUNNING, state=state) for state in SessionState if state.finished),
        replace(RUNNING, lease_expires_at=NOW + 30),
        replace(RUNNING, lease_expires_at=NOW + 30, text_emitted=True),
        PENDING,
    ],
    ids=["gone", *(state for state in SessionState if state.finished), "dead", "dead and shown", "pending"],
)
def test_the_slot_of_a_session_that_runs_no_longer_does_not_count(holder: Session | None) -> None:
    sessions = Sessions({"one": holder} if holder else {})
    slots = MemoryStreamSlots()
    take(slots, sessions, "one")
    assert take(slots, sessions, "new", now=NOW + 30).fresh
    assert slots.held["alice"].keys() == {"new"}


def test_a_session_has_a_while_to_attach() -> None:
    slots, sessions = MemoryStreamSlots(), Sessions({"one": PENDING})
    take(slots, sessions, "one")
    refusal(slots, sessions, now=NOW + ATTACH_SECONDS)
    assert take(slots, sessions, "new", now=NOW + ATTACH_SECONDS + 1).fresh


def test_a_holder_that_cannot_be_read_counts() -> None:
    slots, sessions = MemoryStreamSlots(), Sessions({"one": StorageError("not now")})
    take(slots, sessions, "one", 2)
    take(slots, sessions, "gone", 2)
    assert take(slots, sessions, "new", 2).fresh
    assert slots.held["alice"].keys() == {"one", "new"}
    with pytest.raises(TooManyRequestsError):
        take(slots, Sessions({"one": StorageError("not now"), "new": RUNNING}), "last", 2)


def test_each_holder_is_read_once() -> None:
    slots, sessions = MemoryStreamSlots(), Sessions({"one": RUNNING, "two": RUNNING})
    take(slots, sessions, "one", 2)
    take(slots, sessions, "two", 2)
    refusal(slots, sessions, 2)
    assert sorted(sessions.read) == ["one", "two"]


def test_a_limit_that_was_lowered_is_met_once_enough_run_no_longer() -> None:
    slots, sessions = MemoryStreamSlots(), Sessions({"0": RUNNING})
    for number in range(5):
        take(slots, sessions, f"{number}", 5)
    assert take(slots, sessions, "new", 2).fresh
    assert slots.held["alice"].keys() == {"0", "new"}


class Renewing(Sessions):
    """A producer that was held up, and renews lease and slot right after its session was read."""

    def __init__(self, slots: MemoryStreamSlots) -> None:
        super().__init__()
        self._slots = slots

    @override
    def get(self, session_id: str) -> Session | None:
        self.read.append(session_id)
        if len(self.read) > 1:
            return RUNNING
        self._slots.renew("alice", session_id, NOW)
        return replace(RUNNING, lease_expires_at=NOW)


def test_a_slot_that_is_renewed_meanwhile_is_not_dropped() -> None:
    slots = MemoryStreamSlots()
    slots.acquire("alice", "one", 1, NOW - ATTACH_SECONDS - 1)
    error = refusal(slots, Renewing(slots))
    assert error.extensions == {"retryAfterSeconds": SLOT_SECONDS}
    assert slots.held["alice"].keys() == {"one"}
