"""The ports of the cleanup in memory."""

from collections.abc import Sequence

from chat.sessions import Session, SessionState
from chat.sessions.index import IndexEntry, IndexPage, Position, shard_of
from fakes.memory.database import MemoryDatabase


class MemorySessionIndex:
    """A `chat.sessions.index.SessionIndex`. What is in `unreadable` has nothing in the index that makes sense."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database
        self.unreadable: set[str] = set()
        self.read: list[int] = []
        """The shards of all pages, in order."""

    def page(self, shard: int, *, after: str, limit: int) -> IndexPage:
        self.read.append(shard)
        with self.database.lock:
            self.database.check()
            sessions = self.database.sessions
            is_open = (found for found, session in sessions.items() if not session.state.finished)
            ids = sorted(found for found in is_open if shard_of(found) == shard and found > after)
            page = ids[:limit]
            return IndexPage(
                tuple(self._entry(sessions[found]) for found in page if found not in self.unreadable),
                tuple(found for found in page if found in self.unreadable),
                page[-1] if len(ids) > limit else None,
            )

    def remove_expired(self, session_id: str, *, now: float) -> bool:
        with self.database.lock:
            self.database.check()
            session = self.database.sessions.get(session_id)
            if session is None or not session.is_expired(now) or not _is_to_be_made(session, now):
                return False
            del self.database.sessions[session_id]
            return True

    def _entry(self, session: Session) -> IndexEntry:
        return IndexEntry(
            session_id=session.session_id,
            user_id=session.user_id,
            chat_id=session.chat_id,
            state=session.state,
            expires_at=session.expires_at,
        )


class MemoryCleanupRecord:
    """A `chat.sessions.index.CleanupRecord`."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database
        self.positions: tuple[Position, ...] = ()

    def read(self) -> tuple[Position, ...]:
        self.database.check()
        return self.positions

    def store(self, positions: Sequence[Position], *, now: float) -> None:
        with self.database.lock:
            self.database.check()
            self.positions = tuple(positions)


def _is_to_be_made(session: Session, now: float) -> bool:
    if session.state is SessionState.PENDING:
        return True
    return session.state is SessionState.STREAMING and not session.lease_lives(now) and not session.text_emitted
