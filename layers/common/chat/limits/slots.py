"""Slots limit a user's concurrent answers: the port, and the error when none is free."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, nextafter
from typing import Protocol

from chat.errors import StorageError, TooManyRequestsError
from chat.sessions import Session

SLOT_SECONDS = 60.0
"""A slot that is not renewed for this long is free: its process is considered dead."""
ATTACH_SECONDS = 10.0
"""If a session has no producer this long after its slot was acquired or renewed, the slot may be dropped."""
DROP_ROUNDS = 3
"""The most rounds of dropping idle holders before a refusal."""
TOO_MANY_STREAMS = "too_many_streams"
"""The error code of the refusal."""


def acquired_until(now: float) -> float:
    """The expiry of a slot that is acquired now."""
    return now + SLOT_SECONDS


def renewed_until(now: float) -> float:
    """The expiry of a slot that is renewed now.

    It always differs from `acquired_until` of the same instant, so a renewed slot can be distinguished even if the
    clock does not advance.
    """
    return nextafter(now + SLOT_SECONDS, 0)


@dataclass(frozen=True, slots=True)
class Slot:
    """The result of `StreamSlots.acquire`. Times are in seconds since the epoch."""

    user_id: str
    session_id: str
    until: float
    fresh: bool
    """True if this call acquired the slot; False if the session already held it and this call renewed it."""


class SlotsFullError(Exception):
    """Other sessions hold all the slots that the limit allows."""

    def __init__(self, wait_seconds: float, holders: Mapping[str, float]) -> None:
        super().__init__(f"{len(holders)} slots are taken")
        self.wait_seconds = wait_seconds
        """Seconds until a slot is free, unless slots are renewed."""
        self.holders = holders
        """The expiry of each session's slot."""


class StreamSlots(Protocol):
    """The slots of each user's streams. Times are in seconds since the epoch."""

    def acquire(self, user_id: str, session_id: str, limit: int, now: float) -> Slot:
        """Acquires a slot until `acquired_until(now)`, or renews the session's own slot until `renewed_until(now)`.

        A renewed slot survives another call's `give_back`, and a `drop` that was based on its old expiry.

        Raises:
            SlotsFullError: at least `limit` other sessions hold a slot.
            StorageError: the outcome is unknown; the slot may have been acquired.
        """

    def renew(self, user_id: str, session_id: str, now: float) -> None:
        """Renews the slot until `renewed_until(now)`, and acquires it again if it was lost, even beyond the limit.

        Called by producers. Never raises: a later renewal may succeed. Wait for a renewal in flight before releasing
        the slot; otherwise the renewal acquires it again.
        """

    def give_back(self, slot: Slot) -> None:
        """Undoes an `acquire`: frees the slot if that call acquired it and it has not been renewed since.

        Never raises: a slot that is not freed expires within a minute.
        """

    def release(self, user_id: str, session_id: str) -> None:
        """Frees the session's slot, if any. Never raises: a slot that is not freed expires within a minute."""

    def drop(self, user_id: str, holders: Mapping[str, float]) -> None:
        """Frees those of the slots whose expiry is unchanged.

        Raises:
            StorageError: none or only some of them were freed.
        """


class HolderSessions(Protocol):
    """Reads the sessions that hold slots."""

    def get(self, session_id: str) -> Session | None:
        """The session, by a consistent read. Raises `StorageError` if storage fails."""


def take_slot(
    slots: StreamSlots, sessions: HolderSessions, *, user_id: str, session_id: str, limit: int, now: float
) -> Slot:
    """Acquires a slot. If none is free, drops the slots of idle sessions first.

    Raises:
        TooManyRequestsError: `too_many_streams`, with `retryAfterSeconds`.
        StorageError: storage fails; the slot may have been acquired.
    """
    for _ in range(DROP_ROUNDS):
        try:
            return slots.acquire(user_id, session_id, limit, now)
        except SlotsFullError as full:
            # At most `limit` holders, except right after the limit was lowered.
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
    """Whether a session has no producer although it holds a slot. A session that cannot be read counts as running."""
    try:
        session = sessions.get(session_id)
    except StorageError:
        return False
    if session is None or session.state.finished:
        return True
    return not session.lease_lives(now) and now - (until - SLOT_SECONDS) > ATTACH_SECONDS
