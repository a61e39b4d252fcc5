"""The cleanup's progress in DynamoDB, one item of SessionsTable: the adapter of `chat.sessions.index.CleanupRecord`."""

from collections.abc import Sequence
from typing import Any, cast

from pynamodb.exceptions import DoesNotExist

from chat.dynamo.calls import storage_errors, update
from chat.dynamo.items import CleanupItem
from chat.dynamo.keys import CLEANUP_KEY
from chat.dynamo.tables import Tables
from chat.sessions.index import SHARDS, Position

TTL_SECONDS = 7 * 24 * 3600
"""How long DynamoDB keeps the record after the last run."""


class DynamoCleanupRecord:
    """See `chat.sessions.index.CleanupRecord`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def read(self) -> tuple[Position, ...]:
        with storage_errors():
            try:
                item = self._tables.cleanup.get(CLEANUP_KEY, consistent_read=True)
                return tuple(_decode(text) for text in cast("list[str]", item.positions or ()))
            except (DoesNotExist, ValueError, TypeError):
                return ()

    def store(self, positions: Sequence[Position], *, now: float) -> None:
        encoded: Any = [_encode(position) for position in positions]
        actions = [CleanupItem.positions.set(encoded), CleanupItem.ttl.set(int(now) + TTL_SECONDS)]
        with storage_errors():
            update(self._tables.connection, self._tables.cleanup(CLEANUP_KEY), actions=actions)


def _encode(position: Position) -> str:
    return f"{position.shard}/{position.session_id}"


def _decode(text: str) -> Position:
    shard, slash, session_id = text.partition("/")
    if not slash or not 0 <= int(shard) < SHARDS:
        raise ValueError("no position")
    return Position(int(shard), session_id)
