"""A user in a chat who starts sessions and gets answers, and the stores behind it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from chat.dynamo import (
    DynamoCleanupRecord,
    DynamoMessageStore,
    DynamoSessionIndex,
    DynamoSessionStore,
    DynamoUserStore,
    Tables,
)
from chat.ids import later_answer_id, new_id, new_message_ids
from chat.messages import Message, MessageKind, MessageStatus, MessageStore, Role, Usage
from chat.sessions import AttachDecision, Session, SessionState, SessionStore
from chat.sessions.index import CleanupRecord, SessionIndex
from chat.users import UserStore
from fakes.memory.cleanup import MemoryCleanupRecord, MemorySessionIndex
from fakes.memory.database import MemoryDatabase
from fakes.memory.message_store import MemoryMessageStore
from fakes.memory.session_store import MemorySessionStore
from fakes.memory.user_store import MemoryUserStore

NOW = 1_800_000_000.25
SESSION_SECONDS = 600.0
LEASE_SECONDS = 6.0
MAX_ATTACHES = 10


@dataclass(frozen=True)
class Stores:
    """One implementation of the ports, over one database."""

    sessions: SessionStore
    messages: MessageStore
    users: UserStore
    index: SessionIndex
    record: CleanupRecord


def memory_stores() -> Stores:
    database = MemoryDatabase()
    return Stores(
        MemorySessionStore(database),
        MemoryMessageStore(database),
        MemoryUserStore(database),
        MemorySessionIndex(database),
        MemoryCleanupRecord(database),
    )


def dynamo_stores(tables: Tables) -> Stores:
    return Stores(
        DynamoSessionStore(tables),
        DynamoMessageStore(tables),
        DynamoUserStore(tables),
        DynamoSessionIndex(tables),
        DynamoCleanupRecord(tables),
    )


@dataclass
class Conversation:
    """One chat of a user whom no other test knows."""

    stores: Stores
    user_id: str = field(default_factory=lambda: f"user|{new_id()}")
    chat_id: str = field(default_factory=new_id)

    def start(self, content: str = "Hello?", *, now: float = NOW, **changes: Any) -> Session:
        """Starts and stores a session at `now`; returns it as it was given to the store."""
        session, prompt = self.prepare(content, now=now, **changes)
        self.stores.sessions.start(session, prompt)
        return session

    def restart(self, session: Session, *, now: float = NOW) -> Session:
        """Starts and stores another session for the prompt of `session`, in its place."""
        next_one = self.successor(session, now=now)
        assert self.stores.sessions.restart(next_one, replaced=session.session_id)
        return next_one

    def successor(self, session: Session, *, now: float = NOW) -> Session:
        """Another session for the prompt of `session`, not stored."""
        return Session(
            session_id=new_id(),
            user_id=session.user_id,
            chat_id=session.chat_id,
            model_id=session.model_id,
            kind=session.kind,
            prompt_message_id=session.prompt_message_id,
            answer_message_id=later_answer_id(session.prompt_message_id, now, after=session.answer_message_id),
            created_at=now,
            expires_at=now + SESSION_SECONDS,
            project_id=session.project_id,
            task_id=session.task_id,
            use_cache=False,
        )

    def prepare(self, content: str = "Hello?", *, now: float = NOW, **changes: Any) -> tuple[Session, Message]:
        """A session and its prompt, not stored."""
        ids = new_message_ids(now)
        session = Session(
            session_id=new_id(),
            user_id=self.user_id,
            chat_id=self.chat_id,
            model_id="gpt-5.6-luna",
            kind=MessageKind.CHAT,
            prompt_message_id=ids.prompt,
            answer_message_id=ids.answer,
            created_at=now,
            expires_at=now + SESSION_SECONDS,
        )
        session = replace(session, **changes)
        prompt = _message(session, Role.USER, session.prompt_message_id, content, now)
        return session, replace(prompt, prompt_status=MessageStatus.PENDING)

    def answer(self, session: Session, content: str = "Hello!", **changes: Any) -> Message:
        """The answer to a session's prompt, not stored."""
        message = _message(session, Role.ASSISTANT, session.answer_message_id, content, session.created_at + 1)
        defaults: dict[str, Any] = {"finish_reason": "stop", "usage": Usage(input_tokens=7, output_tokens=11)}
        return replace(message, **(defaults | changes))

    def attach(self, session: Session, *, now: float = NOW, **changes: Any) -> AttachDecision:
        arguments: dict[str, Any] = {
            "user_id": self.user_id,
            "owner": "tab",
            "now": now,
            "lease_seconds": LEASE_SECONDS,
            "max_attaches": MAX_ATTACHES,
        }
        return self.stores.sessions.attach(session.session_id, **(arguments | changes))

    def turn(self, prompt: str, answer: str, *, now: float = NOW) -> tuple[Message, Message]:
        """A whole turn: both messages, as stored."""
        session, asked = self.prepare(prompt, now=now)
        self.stores.sessions.start(session, asked)
        answered = self.answer(session, answer)
        attached = self.attach(session, now=now).session
        self.stores.sessions.finish(attached, state=SessionState.COMPLETED, answer=answered)
        return asked, answered

    def history(self) -> tuple[Message, ...]:
        return self.stores.messages.page(self.user_id, self.chat_id, limit=200).messages

    def stored(self, session: Session) -> Session:
        found = self.stores.sessions.get(session.session_id)
        assert found is not None
        return found


NewConversation = Callable[[], Conversation]


def _message(session: Session, role: Role, message_id: str, content: str, created_at: float) -> Message:
    return Message(
        message_id=message_id,
        user_id=session.user_id,
        chat_id=session.chat_id,
        session_id=session.session_id,
        role=role,
        content=content,
        model_id=session.model_id,
        created_at=created_at,
        status=MessageStatus.COMPLETE,
        kind=session.kind,
        project_id=session.project_id,
        task_id=session.task_id,
    )
