"""How many answers may be written for a user at the same time: the port, and the refusal."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, nextafter
from typing import Protocol

from chat.errors import StorageError, TooManyRequestsError
from chat.sessions import Session

SLOT_SECONDS = 60.0
"""A slot that was not renewed for so long is free: its process died."""
ATTACH_SECONDS = 10.0
"""A session without a producer so long after its slot was taken or kept counts as dead, and its slot may be dropped."""
DROP_ROUNDS = 3
"""How often holders are looked at before a refusal, while some of them turn out to run no longer."""
TOO_MANY_STREAMS = "too_many_streams"
"""The refusal's code."""


def acquired_until(now: float) -> float:
    """Until when a slot holds that is taken now."""
    return now + SLOT_SECONDS


def renewed_until(now: float) -> float:
    """Until when a slot holds that is renewed now.

    Never what `acquired_until` says of the same instant, so a slot that was renewed is told from one that was not even
    where a clock stands still.
    """
    return nextafter(now + SLOT_SECONDS, 0)


@dataclass(frozen=True, slots=True)
class Slot:
    """What `StreamSlots.acquire` gave. Times are in seconds since the epoch."""

    user_id: str
    session_id: str
    until: float
    fresh: bool
    """Taken by this call. False: the session had it already, and its time was renewed."""


class SlotsFullError(Exception):
    """As many other sessions hold a slot as the limit allows."""

    def __init__(self, wait_seconds: float, holders: Mapping[str, float]) -> None:
        super().__init__(f"{len(holders)} slots are taken")
        self.wait_seconds = wait_seconds
        """Seconds until a slot is free, if no slot is renewed."""
        self.holders = holders
        """Until when each session holds its slot."""


class StreamSlots(Protocol):
    """The slots of each user's streams. Times are in seconds since the epoch."""

    def acquire(self, user_id: str, session_id: str, limit: int, now: float) -> Slot:
        """Takes a slot until `acquired_until(now)`, or keeps the one that the session has until `renewed_until(now)`.

        A slot that was kept is neither undone by another call's `give_back` nor dropped by who saw its old time.

        Raises:
            SlotsFullError: `limit` other sessions or more hold one.
            StorageError: unknown; it may have been taken.
        """

    def renew(self, user_id: str, session_id: str, now: float) -> None:
        """Keeps the slot until `renewed_until(now)`, and takes it again if it was lost, even beyond the limit.

        For who produces. It never raises: a later renewal may succeed. A renewal that is still under way when the slot
        is released takes it again: end it first.
        """

    def give_back(self, slot: Slot) -> None:
        """Undoes an `acquire`: frees a slot that this acquire took and that has not been renewed since.

        It never raises: a slot that stays is free in a minute.
        """

    def release(self, user_id: str, session_id: str) -> None:
        """Frees the session's slot, if it has one. It never raises: a slot that stays is free in a minute."""

    def drop(self, user_id: str, holders: Mapping[str, float]) -> None:
        """Frees those of these slots that still hold until the same time.

        Raises:
            StorageError: it could not be done, or only some of it.
        """


class HolderSessions(Protocol):
    """Where the sessions are that hold slots."""

    def get(self, session_id: str) -> Session | None:
        """The session, by a consistent read. Raises `StorageError` if it cannot be read."""


def take_slot(
    slots: StreamSlots, sessions: HolderSessions, *, user_id: str, session_id: str, limit: int, now: float
) -> Slot:
    """Acquires a slot. If none is free, the slots of sessions that no longer run are dropped first.

    Raises:
        TooManyRequestsError: `too_many_streams`, with `retryAfterSeconds`.
        StorageError: it cannot be decided.
    """
    for _ in range(DROP_ROUNDS):
        try:
            return slots.acquire(user_id, session_id, limit, now)
        except SlotsFullError as full:
            # No more of them than the limit, except right after it was lowered.
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
    """Whether nothing runs for a session, although it has a slot; one that cannot be read counts as running."""
    try:
        session = sessions.get(session_id)
    except StorageError:
        return False
    if session is None or session.state.finished:
        return True
    return not session.lease_lives(now) and now - (until - SLOT_SECONDS) > ATTACH_SECONDS
