"""The index of open sessions, and the ports of the cleanup.

The index is sparse: a session is in one of eight shards from its start to the write that finishes it, so the cleanup
reads only sessions it may have to end, without a scan. A shard is ordered by session id. Ids are ULIDs: oldest first.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from chat.sessions import SessionState

SHARDS = 8
"""An index key takes a thousand writes a second: eight shards take the sessions of eight thousand prompts a second."""

FIRST_IN_TIME = "0" * 26
"""Sorts before every session id."""


def shard_of(session_id: str) -> int:
    """The shard of that session while it is open."""
    return zlib.crc32(session_id.encode()) % SHARDS


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A session as the index holds it: eventually consistent, without lease."""

    session_id: str
    user_id: str
    chat_id: str
    state: SessionState
    expires_at: float
    """In seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class IndexPage:
    """A page of a shard, in order."""

    entries: tuple[IndexEntry, ...]
    unreadable: tuple[str, ...] = ()
    """Ids of sessions whose index entry cannot be parsed."""
    last: str | None = None
    """The last id of the page; None on the last page."""


class SessionIndex(Protocol):
    """Reads open sessions and removes expired ones. Raises `chat.errors.StorageError` if storage fails."""

    def page(self, shard: int, *, after: str, limit: int) -> IndexPage:
        """The first open sessions of a shard with ids greater than `after`, at most `limit`."""

    def remove_expired(self, session_id: str, *, now: float) -> bool:
        """Deletes an expired session that has emitted no text, in one conditional write. Its prompt stays in the chat.

        Returns False if the session has begun meanwhile or another run has removed it.
        """


class Position(NamedTuple):
    """How far a sweep got in a shard: the next one continues after `session_id`."""

    shard: int
    session_id: str


class CleanupRecord(Protocol):
    """Stores where the next sweep continues. Raises `chat.errors.StorageError` if storage fails."""

    def read(self) -> tuple[Position, ...]:
        """Positions in shards that the last sweep did not finish, longest waiting first; empty if it finished all."""

    def store(self, positions: Sequence[Position], *, now: float) -> None:
        """Replaces the stored positions."""
