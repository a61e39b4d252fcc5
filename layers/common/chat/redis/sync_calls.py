"""Calls to Redis from threads, each within a budget and behind a breaker."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from chat.causes import cause_of
from chat.redis.cache_errors import CacheErrors
from chat.redis.connections import sync_client
from chat.redis.scripts import Argument, Script, SentScripts
from chat.redis.settings import RedisSettings

if TYPE_CHECKING:
    from chat.redis.connections import Client

logger = Logger()

PROBE_SECONDS = 5.0
"""While Redis is down, one call in so long a time may spend its budget on finding out whether it is back."""
WORKERS = 4


class SyncRedisCalls:
    """One client and its breaker, for all threads. Nothing is imported or connected before the first call.

    The calls run in threads of their own: only there can the wait for names, connection, authentication and answer have
    one limit in all. A call that was given up ends by its socket's own timeouts.
    """

    def __init__(
        self, settings: RedisSettings, errors: CacheErrors, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._errors = errors
        self._monotonic = monotonic
        self._scripts = SentScripts()
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._shut_until: float | None = None

    def script(self, operation: str, script: Script, keys: Sequence[str], *args: Argument) -> Any:
        """What the script returns, never None; None: Redis did not answer, or refused. That has been counted."""
        from chat.redis.breaker import is_refusal

        if not self._admits():
            self._errors.count(operation)
            return None
        call = self._pool().submit(self._run, script, keys, args)
        try:
            result = call.result(timeout=self._settings.redis_timeout_seconds)
        except Exception as error:  # noqa: BLE001  # whatever it is, nobody must be the worse for it
            call.cancel()
            self._errors.count(operation)
            if not is_refusal(error):
                self._shut(operation, error)
            return None
        self._shut_until = None
        return result

    def _admits(self) -> bool:
        """Whether a call may be made; while Redis is down, only the one that finds out."""
        with self._lock:
            if self._shut_until is None:
                return True
            now = self._monotonic()
            if now < self._shut_until:
                return False
            self._shut_until = now + PROBE_SECONDS
            return True

    def _shut(self, operation: str, error: Exception) -> None:
        with self._lock:
            first, self._shut_until = self._shut_until is None, self._monotonic() + PROBE_SECONDS
        if first:
            logger.warning("redis_down", operation=operation, **cause_of(error))

    def _pool(self) -> ThreadPoolExecutor:
        with self._lock:
            self._threads = self._threads or ThreadPoolExecutor(WORKERS, thread_name_prefix="redis")
            return self._threads

    def _run(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        from redis.exceptions import NoScriptError

        execute: Callable[..., Any] = self._connected().execute_command
        try:
            return execute(*self._scripts.command(script, keys, *args))
        except NoScriptError:
            return execute(*self._scripts.command(script, keys, *args, whole=True))

    def _connected(self) -> "Client":
        """Two threads may make one each at the same time; the later one stays."""
        self._client = self._client or sync_client(self._settings)
        return self._client

    def close(self) -> None:
        """Closes the connections; a later call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)
        if client is not None:
            client.close()
