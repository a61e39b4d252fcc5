"""The cleanup's progress in DynamoDB, one item of SessionsTable: the adapter of `chat.session_index.CleanupRecord`."""

from collections.abc import Sequence

from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chat.dynamo.calls import ConditionFailedError, storage_errors, update
from chat.dynamo.items import CleanupItem
from chat.dynamo.keys import CLEANUP_KEY
from chat.dynamo.tables import Tables
from chat.session_index import SHARDS, Position, Progress

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
            except (DoesNotExist, ValueError, TypeError):
                return Progress()
        position = None
        if item.shard is not None and item.after is not None and 0 <= item.shard < SHARDS:
            position = Position(int(item.shard), item.after)
        return Progress(position, None if item.counted_until is None else float(item.counted_until))

    def store_position(self, position: Position | None, *, now: float) -> None:
        shard, after = CleanupItem.shard, CleanupItem.after
        if position is None:
            self._write([shard.remove(), after.remove()], now)
        else:
            self._write([shard.set(position.shard), after.set(position.session_id)], now)

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
