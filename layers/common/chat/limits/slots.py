"""The limit on concurrent answers of a user: the port, and taking a slot."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, nextafter
from typing import Protocol

from chat.errors import StorageError, TooManyRequestsError
from chat.sessions import Session

SLOT_SECONDS = 60.0
"""A slot not renewed for this long is free: its process died."""
ATTACH_SECONDS = 10.0
"""A session still without a producer this long after its slot was acquired is dead, and its slot may be dropped."""
DROP_ROUNDS = 3
"""How often idle holders are dropped before the request is refused."""
TOO_MANY_STREAMS = "too_many_streams"
"""The refusal's code."""


def acquired_until(now: float) -> float:
    """When a slot acquired now expires."""
    return now + SLOT_SECONDS


def renewed_until(now: float) -> float:
    """When a slot renewed now expires.

    Never equal to `acquired_until` of the same instant, so a renewed slot differs from one that was not renewed even if
    the clock does not advance.
    """
    return nextafter(now + SLOT_SECONDS, 0)


@dataclass(frozen=True, slots=True)
class Slot:
    """The result of `StreamSlots.acquire`. Times are in seconds since the epoch."""

    user_id: str
    session_id: str
    until: float
    fresh: bool
    """Whether this call took it. If not, the session held it already, and the call renewed it."""


class SlotsFullError(Exception):
    """Other sessions hold all slots that the limit allows."""

    def __init__(self, wait_seconds: float, holders: Mapping[str, float]) -> None:
        super().__init__(f"{len(holders)} slots are taken")
        self.wait_seconds = wait_seconds
        """Seconds until a slot is free, if no slot is renewed."""
        self.holders = holders
        """When each session's slot expires."""


class StreamSlots(Protocol):
    """The slots of each user's streams. Times are in seconds since the epoch."""

    def acquire(self, user_id: str, session_id: str, limit: int, now: float) -> Slot:
        """Takes a slot until `acquired_until(now)`, or renews the session's own until `renewed_until(now)`.

        A renewed slot is neither undone by another call's `give_back` nor dropped by a caller that read its old expiry.

        Raises:
            SlotsFullError: `limit` other sessions or more hold one.
            StorageError: the outcome is unknown; the slot may have been taken.
        """

    def renew(self, user_id: str, session_id: str, now: float) -> None:
        """Renews the slot until `renewed_until(now)`, and takes it again if it was lost, even beyond the limit.

        For producers. It never raises: a later renewal may succeed. A renewal still in flight when the slot is released
        would take it again, so wait for it first.
        """

    def give_back(self, slot: Slot) -> None:
        """Undoes an `acquire`: frees a slot that this acquire took and that has not been renewed since.

        It never raises: a slot that remains expires within a minute.
        """

    def release(self, user_id: str, session_id: str) -> None:
        """Frees the session's slot, if it has one. It never raises: a slot that remains expires within a minute."""

    def drop(self, user_id: str, holders: Mapping[str, float]) -> None:
        """Frees the given slots whose expiry has not changed.

        Raises:
            StorageError: not all of them could be freed.
        """


class HolderSessions(Protocol):
    """Reads the sessions that hold slots."""

    def get(self, session_id: str) -> Session | None:
        """The session, by a consistent read. Raises `StorageError` if it cannot be read."""


def take_slot(
    slots: StreamSlots, sessions: HolderSessions, *, user_id: str, session_id: str, limit: int, now: float
) -> Slot:
    """Acquires a slot. If none is free, first drops the slots of sessions that are no longer in progress.

    Raises:
        TooManyRequestsError: `too_many_streams`, with `retryAfterSeconds`.
        StorageError: the stores could not be reached.
    """
    for _ in range(DROP_ROUNDS):
        try:
            return slots.acquire(user_id, session_id, limit, now)
        except SlotsFullError as full:
            # At most as many as the limit, unless it was lowered a moment ago.
            idle = {holder: until for holder, until in full.holders.items() if _is_idle(sessions, holder, until, now)}
            if not idle:
                raise _refusal(limit, full) from None
        slots.drop(user_id, idle)
    try:
        return slots.acquire(user_id, session_id, limit, now)
    except SlotsFullError as full:
        raise _refusal(limit, full) from None


def _refusal(limit: int, full: SlotsFullError) -> TooManyRequestsError:
    return TooManyRequestsError(
        f"More than {limit} answers at the same time.",
        code=TOO_MANY_STREAMS,
        retryable=True,
        retryAfterSeconds=max(1, ceil(full.wait_seconds)),
    )


def _is_idle(sessions: HolderSessions, session_id: str, until: float, now: float) -> bool:
    """Whether a session holds a slot without an answer in progress; False if it cannot be read."""
    try:
        session = sessions.get(session_id)
    except StorageError:
        return False
    if session is None or session.state.finished:
        return True
    return not session.lease_lives(now) and now - (until - SLOT_SECONDS) > ATTACH_SECONDS
