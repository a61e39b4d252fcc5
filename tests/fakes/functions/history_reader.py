"""A user's history over stores in memory, as its function reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chat.auth import AuthSecret
from chat.auth.access import Access
from chat.messages import Message
from chat.sessions import Session
from chat.users import Tier
from chat_history.cursors import Cursors
from chat_history.history import HistoryPage, ReadHistory
from fakes.clock import FakeClock
from fakes.conversation import NOW, Conversation, Stores
from fakes.memory.cleanup import MemoryCleanupRecord, MemorySessionIndex
from fakes.memory.database import MemoryDatabase
from fakes.memory.message_store import MemoryMessageStore
from fakes.memory.session_store import MemorySessionStore
from fakes.memory.user_store import MemoryUserStore

type Told = tuple[str, str, str | None, bool | None]
"""Content, status, code and retryable."""


class CountedSessionStore(MemorySessionStore):
    """Keeps which sessions were asked for together."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.asked: list[list[str]] = []

    def get_many(self, session_ids: Sequence[str]) -> Mapping[str, Session]:
        self.asked.append(list(session_ids))
        return super().get_many(session_ids)


@dataclass
class Reader:
    """A user who has chats and reads them."""

    database: MemoryDatabase = field(default_factory=MemoryDatabase)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))

    def __post_init__(self) -> None:
        self.sessions = CountedSessionStore(self.database)
        self.stores = Stores(
            self.sessions,
            MemoryMessageStore(self.database),
            MemoryUserStore(self.database),
            MemorySessionIndex(self.database),
            MemoryCleanupRecord(self.database),
        )

    def chat(self, chat_id: str = "chat") -> Conversation:
        return Conversation(self.stores, "alice", chat_id)

    def page(self, chat_id: str | None = "chat", *, limit: int = 50, cursor: str | None = None) -> HistoryPage:
        read = ReadHistory(
            access=Access(self.stores.users, self.clock, default_tier=Tier.BASIC),
            messages=self.stores.messages,
            sessions=self.stores.sessions,
            clock=self.clock,
            cursors=Cursors(lambda: AuthSecret(b"s" * 32)),
        )
        return read("alice", chat_id, limit=limit, cursor=cursor)

    def told(self, chat_id: str | None = "chat", **query: Any) -> list[Told]:
        return [told(message) for message in self.page(chat_id, **query).messages]

    def forget(self, session: Session) -> None:
        """As DynamoDB does when a session's time to live is over."""
        del self.database.sessions[session.session_id]


def told(message: Message) -> Told:
    return message.content, message.status.value, message.code, message.retryable
