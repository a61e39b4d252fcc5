"""How many answers may be written for a user at the same time: the port, and the refusal."""

from math import ceil
from typing import Protocol

from chat.errors import TooManyRequestsError

SLOT_SECONDS = 60.0
"""A slot that was not renewed for so long is free: its process died."""
TOO_MANY_STREAMS = "too_many_streams"
"""The refusal's code."""


class StreamSlots(Protocol):
    """The slots of each user's streams. Times are in seconds since the epoch."""

    def acquire(self, user_id: str, session_id: str, limit: int, now: float) -> float | None:
        """Takes a slot, or keeps the one that the session has; None: it has one.

        Otherwise the seconds until a slot is free at the latest, if nobody renews it.

        Raises:
            StorageError: nobody can tell.
        """

    def renew(self, user_id: str, session_id: str, now: float) -> None:
        """Keeps the slot for another `SLOT_SECONDS`. It never raises: a later renewal may succeed."""

    def leave(self, user_id: str, session_id: str) -> None:
        """Undoes an `acquire`, but leaves the slot to another stream of the session, which will let it go.

        It never raises, and waits for nothing.
        """

    def release(self, user_id: str, session_id: str) -> None:
        """Lets the slot go; none is held: nothing happens. It never raises: a slot that stays is free in a minute."""


def take_slot(slots: StreamSlots, user_id: str, session_id: str, limit: int, now: float) -> None:
    """Acquires a slot.

    Raises:
        TooManyRequestsError: `too_many_streams`, with `retryAfterSeconds`.
        StorageError: nobody can tell.
    """
    wait_seconds = slots.acquire(user_id, session_id, limit, now)
    if wait_seconds is not None:
        raise TooManyRequestsError(
            f"More than {limit} answers at the same time.",
            code=TOO_MANY_STREAMS,
            retryable=True,
            retryAfterSeconds=max(1, ceil(wait_seconds)),
        )
