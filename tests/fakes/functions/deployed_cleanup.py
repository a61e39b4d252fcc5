"""The cleanup as composed from an environment, over a DynamoDB, and what lies in its tables."""

import time
from dataclasses import dataclass
from threading import Lock

from chat.dynamo import Tables
from chat.ids import least_id, new_id
from chat.sessions import Session
from chat_cleanup.composition import compose
from fakes.conversation import Conversation, dynamo_stores
from fakes.dynamodb.tables import connect

LAMBDA_SECONDS = 120.0
PAST_SECONDS = 3600.0
NAMES = {"SESSIONS_TABLE": "SessionsTable", "CHATS_TABLE": "ChatsTable", "USERS_TABLE": "UsersTable"}

_connecting = Lock()


@dataclass
class DeployedCleanup:
    """The function's environment, and what lies in its tables."""

    endpoint: str
    tables: Tables

    def run(self, **variables: str) -> dict[str, float]:
        """One run in a process that has just been started."""
        cleanup = compose(NAMES | variables, tables=self._connect())
        end = time.monotonic() + LAMBDA_SECONDS
        return cleanup.run(lambda: end - time.monotonic())

    def conversation(self) -> Conversation:
        """Over a separate connection."""
        return Conversation(dynamo_stores(self._connect()))

    def start(self, conversation: Conversation, *, ago: float = PAST_SECONDS) -> Session:
        """A session that was started so many seconds ago."""
        then = time.time() - ago
        return conversation.start(now=then, session_id=least_id(then)[:10] + new_id()[10:])

    def cut_off(self, conversation: Conversation, text: str, *, ago: float = PAST_SECONDS) -> Session:
        """A session whose producer checkpointed this text and died."""
        session, then = self.start(conversation, ago=ago), time.time() - ago
        lease = conversation.attach(session, now=then).lease
        conversation.stores.sessions.checkpoint(lease, text=text, now=then, lease_seconds=6)
        return session

    def _connect(self) -> Tables:
        """`connect` changes the environment for a moment."""
        with _connecting:
            return connect(self.endpoint)
