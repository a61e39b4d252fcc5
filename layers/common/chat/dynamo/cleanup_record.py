"""The cleanup's progress in DynamoDB, one item of SessionsTable: the adapter of `chat.sessions.index.CleanupRecord`."""

from collections.abc import Sequence
from typing import Any, cast

from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chat.dynamo.calls import ConditionFailedError, storage_errors, update
from chat.dynamo.items import CleanupItem
from chat.dynamo.keys import CLEANUP_KEY
from chat.dynamo.tables import Tables
from chat.sessions.index import SHARDS, Position, Progress

TTL_SECONDS = 7 * 24 * 3600
"""How long the record outlives the last run."""


class DynamoCleanupRecord:
    """Each half of the record is written by itself, so that two runs at once lose nothing of each other."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def read(self) -> Progress:
        with storage_errors():
            try:
                item = self._tables.cleanup.get(CLEANUP_KEY, consistent_read=True)
                positions = tuple(_decode(text) for text in cast("list[str]", item.positions or ()))
            except (DoesNotExist, ValueError, TypeError):
                return Progress()
        return Progress(positions, None if item.counted_until is None else float(item.counted_until))

    def store_positions(self, positions: Sequence[Position], *, now: float) -> None:
        encoded: Any = [_encode(position) for position in positions]
        self._write([CleanupItem.positions.set(encoded)], now)

    def count_until(self, until: float, *, since: float | None, now: float) -> bool:
        counted = CleanupItem.counted_until
        unchanged = counted.does_not_exist() if since is None else counted == since
        try:
            self._write([counted.set(until)], now, unchanged)
        except ConditionFailedError:
            return False
        return True

    def _write(self, actions: Sequence[Action], now: float, condition: Condition | None = None) -> None:
        forget = CleanupItem.ttl.set(int(now) + TTL_SECONDS)
        with storage_errors():
            update(
                self._tables.connection,
                self._tables.cleanup(CLEANUP_KEY),
                actions=[*actions, forget],
                condition=condition,
            )


def _encode(position: Position) -> str:
    return f"{position.shard}/{position.session_id}"


def _decode(text: str) -> Position:
    shard, slash, session_id = text.partition("/")
    if not slash or not 0 <= int(shard) < SHARDS:
        raise ValueError("no position")
    return Position(int(shard), session_id)
