"""Sessions by whether they are finished and when they were started, without a scan; the ports of the cleanup.

Each session is in one of two times eight buckets: `open` from its start on, `done` from the write that finishes it on.
So what may need to be ended is found by reading what is open, which is little. A bucket is in the order of session ids,
and those are ULIDs: in the order of time.
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


class Bucket(NamedTuple):
    """A part of all sessions."""

    finished: bool
    shard: int

    @property
    def name(self) -> str:
        return f"{'done' if self.finished else 'open'}#{self.shard}"


def bucket_of(session_id: str, state: SessionState) -> Bucket:
    """Where that session belongs."""
    return Bucket(state.finished, zlib.crc32(session_id.encode()) % SHARDS)


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What the index knows of a session. It lags behind by moments, and knows nothing of leases."""

    session_id: str
    user_id: str
    chat_id: str
    state: SessionState
    expires_at: float
    """In seconds since the epoch."""
    answered_at: float | None
    """When an answer was stored, whole or not; None: none was."""


@dataclass(frozen=True, slots=True)
class IndexPage:
    """Some of a bucket, in order."""

    entries: tuple[IndexEntry, ...]
    unreadable: tuple[str, ...] = ()
    """Ids of sessions of which the index has nothing that makes sense."""
    last: str | None = None
    """The last id that was looked at, if there may be more after it."""


class SessionIndex(Protocol):
    """Raises `chat.errors.StorageError` when it cannot."""

    def page(self, bucket: Bucket, *, after: str, limit: int) -> IndexPage:
        """At most `limit` sessions of a bucket, the first ones whose ids are greater than `after`."""

    def remove_expired(self, session_id: str, *, now: float) -> bool:
        """Deletes a session whose time is over and of which nothing was shown, with all that belongs to it.

        In one conditional write: False: it began meanwhile, or somebody else was faster. Its prompt stays in its chat.
        """


class Position(NamedTuple):
    """How far a walk has come in a shard: the next one goes on with what is after `session_id` there."""

    shard: int
    session_id: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What one run of the cleanup leaves for the next."""

    positions: tuple[Position, ...] = ()
    """The shards that were not read to their ends, those that waited longest first; none: the walk was complete."""
    counted_until: float | None = None
    """Chats and messages up to that time have been counted; seconds since the epoch."""


class CleanupRecord(Protocol):
    """Keeps the progress. Raises `chat.errors.StorageError` when it cannot."""

    def read(self) -> Progress:
        """What the last run left; nothing if there was none, or if it cannot be understood."""

    def store_positions(self, positions: Sequence[Position], *, now: float) -> None:
        """Where to go on."""

    def count_until(self, until: float, *, since: float | None, now: float) -> bool:
        """Claims the time from `since` (as it was read) to `until`; False: another run has counted it meanwhile."""
