"""Many streams of a user that come, end and die at the same time: never more run than allowed, and none is lost."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from random import Random

import pytest

from chat.errors import StorageError, TooManyRequestsError
from chat.limits import SlotsFullError, StreamSlots, take_slot
from chat.limits.slots import ATTACH_SECONDS
from chat.messages import MessageKind
from chat.sessions import Session, SessionState

NOW = 1_800_000_000.25
LIMIT = 3
THREADS = 8
TURNS = 12
STEP_SECONDS = 0.3
"""How far the time goes on with each turn: less than a slot's for all of them, more than an attach may take."""


class World:
    """What runs, as the sessions say; a stream that died has a dead lease and leaves its slot behind."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.most = 0
        self._now = NOW
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def later(self) -> float:
        """The advancing time."""
        with self._lock:
            self._now += STEP_SECONDS
            return self._now

    def get(self, session_id: str) -> Session | None:
        with self._lock:
            return self._sessions.get(session_id)

    def add(self, session_id: str) -> None:
        session = Session(session_id, self.user_id, "chat", "model", MessageKind.CHAT, "1", "2", NOW, NOW + 600)
        with self._lock:
            self._sessions[session_id] = session

    def run(self, session_id: str) -> None:
        self._change(session_id, SessionState.STREAMING, lease_expires_at=NOW + 600)
        with self._lock:
            self.most = max(self.most, sum(session.lease_lives(NOW) for session in self._sessions.values()))

    def die(self, session_id: str) -> None:
        self._change(session_id, SessionState.STREAMING, lease_expires_at=NOW)

    def finish(self, session_id: str) -> None:
        self._change(session_id, SessionState.COMPLETED)

    def _change(self, session_id: str, state: SessionState, *, lease_expires_at: float = 0.0) -> None:
        with self._lock:
            session = self._sessions[session_id]
            self._sessions[session_id] = replace(session, state=state, lease_expires_at=lease_expires_at)


@pytest.mark.parametrize("seed", range(3))
def test_never_more_run_than_allowed(process: Callable[[], StreamSlots], user_id: str, seed: int) -> None:
    world = World(user_id)

    def come_and_go(number: int) -> int:
        slots, random, ran = process(), Random(1000 * seed + number), 0
        for turn in range(TURNS):
            session_id = f"{number}-{turn}"
            world.add(session_id)
            try:
                slot = take_slot(slots, world, user_id=user_id, session_id=session_id, limit=LIMIT, now=world.later())
            except (TooManyRequestsError, StorageError):
                continue
            ending = random.choice(["finish", "die", "give back"])
            if ending == "give back":
                slots.give_back(slot)
                continue
            world.run(session_id)
            ran += 1
            slots.renew(user_id, session_id, world.later())
            if ending == "die":
                world.die(session_id)
            else:
                world.finish(session_id)
                slots.release(user_id, session_id)
        return ran

    with ThreadPoolExecutor(THREADS) as pool:
        ran = sum(pool.map(come_and_go, range(THREADS)))
    assert ran > 0
    assert world.most <= LIMIT
    slots, after = process(), world.later() + ATTACH_SECONDS
    for number in range(LIMIT):  # nothing is in progress: no request is refused
        world.add(f"last {number}")
        take_slot(slots, world, user_id=user_id, session_id=f"last {number}", limit=LIMIT, now=after)
    with pytest.raises(SlotsFullError) as full:
        slots.acquire(user_id, "one more", LIMIT, after)
    assert full.value.holders.keys() == {f"last {number}" for number in range(LIMIT)}
