"""A storage of the library `limits` in DynamoDB, for moving windows."""

import time
from typing import Never, override

from chat.dynamo.request_log import DynamoRequestLog
from chat.errors import StorageError
from chat.limits.counting import CountingStorage


class DynamoStorage(CountingStorage):
    """Stores each key's latest requests in the format of the log's module."""

    name = "dynamodb"
    STORAGE_SCHEME = None

    def __init__(self, log: DynamoRequestLog) -> None:
        super().__init__()
        self._log = log

    @property
    @override
    def base_exceptions(self) -> type[Exception]:
        return StorageError

    @override
    def add(self, key: str, *, limit: int, window_seconds: int) -> float | None:
        return self._log.append(key, limit=limit, window_seconds=window_seconds, now=time.time())

    @override
    def remove(self, key: str, at: float) -> None:
        self._log.remove(key, at)

    @override
    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        now = time.time()
        entries = self._log.read(key, limit=limit, window_seconds=expiry, now=now)
        return (entries[-1], len(entries)) if entries else (now, 0)

    @override
    def check(self) -> bool:
        return True

    # Called only by other strategies and by operators.

    @override
    def incr(self, key: str, expiry: int, amount: int = 1) -> Never:
        raise NotImplementedError

    @override
    def get(self, key: str) -> Never:
        raise NotImplementedError

    @override
    def get_expiry(self, key: str) -> Never:
        raise NotImplementedError

    @override
    def reset(self) -> Never:
        raise NotImplementedError

    @override
    def clear(self, key: str) -> Never:
        raise NotImplementedError
