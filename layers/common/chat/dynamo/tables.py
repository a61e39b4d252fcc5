"""The tables: models bound to names from the settings, over one shared connection."""

from threading import Lock
from typing import Any, cast

from pynamodb.connection import Connection
from pynamodb.models import Model

from chat.dynamo.calls import watch_attempts
from chat.dynamo.items import (
    ChatItem,
    CleanupItem,
    MessageItem,
    MessagePartItem,
    RequestLogItem,
    SessionItem,
    SessionPartItem,
    StreamSlotsItem,
    UserItem,
)
from chat.settings import StorageSettings

CONNECT_TIMEOUT_SECONDS = 2.0
READ_TIMEOUT_SECONDS = 5.0
MAX_RETRIES = 2
MAX_POOL_CONNECTIONS = 40
"""Exceeds the stream function's number of threads for blocking calls."""


class Tables:
    """Opens no connection until the first call. One botocore client serves all models, from any thread."""

    def __init__(self, settings: StorageSettings) -> None:
        self.connection = _Connection(
            connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
            read_timeout_seconds=READ_TIMEOUT_SECONDS,
            max_retry_attempts=MAX_RETRIES,
            max_pool_connections=MAX_POOL_CONNECTIONS,
        )
        self.sessions = self._bind(SessionItem, settings.sessions_table)
        self.session_parts = self._bind(SessionPartItem, settings.sessions_table)
        self.request_logs = self._bind(RequestLogItem, settings.sessions_table)
        self.stream_slots = self._bind(StreamSlotsItem, settings.sessions_table)
        self.cleanup = self._bind(CleanupItem, settings.sessions_table)
        self.chats = self._bind(ChatItem, settings.chats_table)
        self.messages = self._bind(MessageItem, settings.chats_table)
        self.message_parts = self._bind(MessagePartItem, settings.chats_table)
        self.users = self._bind(UserItem, settings.users_table)

    def prepare(self) -> None:
        """Builds the client ahead of the first call: 20 ms of CPU, no network.

        Every request needs it, and Lambda allots more CPU to a process's start than to an invocation.
        """
        _ = self.connection.client

    def _bind[M: Model](self, base: type[M], table_name: str) -> type[M]:
        """A separate model for this table; it gives PynamoDB the keys and indexes, so DescribeTable is never called."""
        meta = type("Meta", (), {"table_name": table_name})
        namespace = {"__module__": base.__module__, "Meta": meta}
        model = cast("type[M]", type.__call__(type(base), base.__name__, (base,), namespace))
        table = model._get_connection()  # noqa: SLF001  # PynamoDB has no public way to share a connection
        if table_name not in self.connection.table_names:
            self.connection.add_meta_table(table.get_meta_table())
        table.connection = self.connection
        return model


class _Connection(Connection):
    """PynamoDB's connection with a lock; without it, concurrent first calls would each build a client."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._lock = Lock()
        self._watched: Any = None

    @property
    def table_names(self) -> frozenset[str]:
        return frozenset(self._tables)

    @property
    def client(self) -> Any:
        with self._lock:
            client = super().client
            if client is not self._watched:
                watch_attempts(client)
                self._watched = client
            return client
