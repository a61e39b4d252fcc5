"""Open sessions by when they were started, without a scan; the ports of the cleanup.

A sparse index: a session is in one of eight shards from its start to the write that finishes it. So the cleanup reads
only what may have to be ended. A shard is ordered by session id, and those are ULIDs: by time.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from chat.sessions import SessionState

SHARDS = 8
"""One key of an index takes a thousand writes a second; eight take the sessions of eight thousand prompts a second."""

FIRST_IN_TIME = "0" * 26
"""Less than any session's id."""


def shard_of(session_id: str) -> int:
    """The shard of that session while it is open."""
    return zlib.crc32(session_id.encode()) % SHARDS


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What the index knows of a session. It lags behind by moments, and knows nothing of leases."""

    session_id: str
    user_id: str
    chat_id: str
    state: SessionState
    expires_at: float
    """In seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class IndexPage:
    """Some of a shard, in order."""

    entries: tuple[IndexEntry, ...]
    unreadable: tuple[str, ...] = ()
    """Ids of sessions of which the index has nothing that makes sense."""
    last: str | None = None
    """The last id that was looked at, if there may be more after it."""


class SessionIndex(Protocol):
    """Raises `chat.errors.StorageError` when it cannot."""

    def page(self, shard: int, *, after: str, limit: int) -> IndexPage:
        """At most `limit` open sessions of a shard, the first ones whose ids are greater than `after`."""

    def remove_expired(self, session_id: str, *, now: float) -> bool:
        """Deletes a session whose time is over and of which nothing was shown, with all that belongs to it.

        In one conditional write: False: it began meanwhile, or somebody else was faster. Its prompt stays in its chat.
        """


class Position(NamedTuple):
    """How far a walk has come in a shard: the next one goes on with what is after `session_id` there."""

    shard: int
    session_id: str


class CleanupRecord(Protocol):
    """Keeps where the next run continues. Raises `chat.errors.StorageError` when it cannot."""

    def read(self) -> tuple[Position, ...]:
        """The shards that the last run did not read to their ends, longest waiting first; empty if it read them all."""

    def store(self, positions: Sequence[Position], *, now: float) -> None:
        """Where the next run continues."""
