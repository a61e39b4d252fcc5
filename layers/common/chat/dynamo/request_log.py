"""When each user's latest requests were, in DynamoDB: what rate limits are decided by without Redis.

The items stand in SessionsTable, whose TTL removes them.
"""

from typing import cast

from pynamodb.exceptions import DoesNotExist

from chat.dynamo.calls import ConditionFailedError, storage_errors, update
from chat.dynamo.items import RequestLogItem
from chat.dynamo.keys import request_log_key
from chat.dynamo.tables import Tables

SPARE_ENTRIES = 50
"""How many more than it needs a log may grow to, before the oldest are removed with a second write."""


class DynamoRequestLog:
    """Logs, each one item: the times of the latest requests (seconds since the epoch), newest first."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def append(self, key: str, *, limit: int, window_seconds: int, now: float) -> bool:
        """Logs a request, if fewer than `limit` were logged within the window; returns whether it did."""
        entries = RequestLogItem.entries
        oldest = entries[limit - 1]
        item = self._tables.request_logs(request_log_key(key))
        actions = [
            entries.set((entries | []).prepend([round(now, 3)])),
            RequestLogItem.ttl.set(int(now) + 2 * window_seconds),
        ]
        with storage_errors():
            try:
                item = update(
                    self._tables.connection,
                    item,
                    actions=actions,
                    condition=oldest.does_not_exist() | (oldest < now - window_seconds),
                )
            except ConditionFailedError:
                return False
            self._trim(item, limit)
        return True

    def read(self, key: str, *, limit: int, window_seconds: int, now: float) -> list[float]:
        """The requests within the window, newest first, at most `limit`."""
        with storage_errors():
            try:
                item = self._tables.request_logs.get(request_log_key(key), consistent_read=True)
            except DoesNotExist:
                return []
        return [at for at in cast("list[float]", item.entries)[:limit] if at >= now - window_seconds]

    def _trim(self, item: RequestLogItem, limit: int) -> None:
        length = len(item.entries)
        if length <= limit + SPARE_ENTRIES:
            return
        entries = RequestLogItem.entries
        unchanged = entries[length - 1].exists() & entries[length].does_not_exist()
        try:
            update(
                self._tables.connection,
                self._tables.request_logs(item.session_id),
                actions=[entries.set(item.entries[:limit])],
                condition=unchanged,
            )
        except ConditionFailedError:
            return  # a later request trims
