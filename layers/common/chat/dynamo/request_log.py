"""The times of each user's latest requests in DynamoDB, for rate limits without Redis.

SessionsTable's TTL removes the items.
"""

from typing import cast

from pynamodb.exceptions import DoesNotExist

from chat.dynamo.calls import ConditionFailedError, storage_errors, update
from chat.dynamo.items import RequestLogItem
from chat.dynamo.keys import request_log_key
from chat.dynamo.tables import Tables
from chat.errors import StorageError

SPARE_ENTRIES = 50
"""How many surplus entries a log may hold before a second write removes the oldest."""

RACE_ATTEMPTS = 8
"""Retries of a write when the log changed between read and write."""


class DynamoRequestLog:
    """Logs, each one item: the times of the latest requests (seconds since the epoch), newest first."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def append(self, key: str, *, limit: int, window_seconds: int, now: float) -> float | None:
        """Logs a request if fewer than `limit` were logged within the window; returns its time in the log, or None."""
        entries = RequestLogItem.entries
        oldest = entries[limit - 1]
        item = self._tables.request_logs(request_log_key(key))
        at = round(now, 3)
        actions = [
            entries.set((entries | []).prepend([at])),
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
            except ConditionFailedError as failed:
                return at if _is_logged(failed, at) else None
            self._trim(item, limit)
        return at

    def remove(self, key: str, at: float) -> None:
        """Removes a request from the log, if it is there.

        Raises:
            StorageError: also if every attempt conflicted with other requests.
        """
        entries = RequestLogItem.entries
        with storage_errors():
            for _ in range(RACE_ATTEMPTS):
                logged = self._read(key)
                if at not in logged:
                    return
                index = logged.index(at)
                try:
                    update(
                        self._tables.connection,
                        self._tables.request_logs(request_log_key(key)),
                        actions=[entries[index].remove()],
                        condition=entries[index] == at,
                    )
                except ConditionFailedError:
                    continue
                return
        raise StorageError("The log of requests changes too fast.")

    def read(self, key: str, *, limit: int, window_seconds: int, now: float) -> list[float]:
        """The requests within the window, newest first, at most `limit`."""
        with storage_errors():
            logged = self._read(key)
        return [at for at in logged[:limit] if at >= now - window_seconds]

    def _read(self, key: str) -> list[float]:
        try:
            item = self._tables.request_logs.get(request_log_key(key), consistent_read=True)
        except DoesNotExist:
            return []
        return cast("list[float]", item.entries)

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


def _is_logged(failed: ConditionFailedError, at: float) -> bool:
    """Whether an earlier attempt of the same write logged the request and its reply was lost."""
    old = failed.items[RequestLogItem.__name__]
    return failed.repeated and old is not None and RequestLogItem.from_raw_data(old).entries[:1] == [at]
