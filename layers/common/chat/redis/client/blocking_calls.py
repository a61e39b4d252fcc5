"""Calls to Redis from threads, each with one timeout and behind the process's breaker."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from chat.redis.breaker.breaker import Breaker, RedisUnavailableError
from chat.redis.breaker.timeouts import result_in_time
from chat.redis.scripts import Argument, KnownScripts, Script
from chat.redis.settings import RedisSettings

if TYPE_CHECKING:
    from chat.redis.client.connections import Client

MAX_CALLS = 8
"""Concurrent calls; further calls queue, and the time in the queue is not part of their timeout."""


class BlockingRedisCalls:
    """One client for all threads. The first call imports redis-py and connects. No call is retried."""

    def __init__(self, settings: RedisSettings, breaker: Breaker) -> None:
        self.breaker = breaker
        self._settings = settings
        self._client: Client | None = None
        self._connecting = threading.Lock()
        # A thread for each call, because redis-py's timeouts apply to each read and do not cover name resolution.
        # They do end the thread of an abandoned call.
        self._threads = ThreadPoolExecutor(MAX_CALLS, thread_name_prefix="redis")
        self._turns = threading.Semaphore(MAX_CALLS)
        self._closed = threading.Event()
        self._scripts = KnownScripts()

    def call[T](self, operation: str, work: "Callable[[Client], T]") -> T:
        """Runs `work` with the client, once.

        Raises:
            RedisUnavailableError: it timed out, Redis refused, or the breaker is open. The failure has been counted.
        """
        try:
            with self._turns:
                self.breaker.check(operation)
                return self._in_time(work)
        except RedisUnavailableError:
            raise
        except Exception as error:
            if self._closed.is_set():
                self.breaker.errors.count(operation)
            elif self.breaker.failed(operation, error):
                threading.Thread(target=self._probe, name="redis-probe", daemon=True).start()
            raise RedisUnavailableError(operation) from error

    def script(self, operation: str, script: Script, keys: Sequence[str], *args: Argument) -> Any:
        """The script's result.

        Raises:
            RedisUnavailableError: see `call`; the script may or may not have run.
        """
        return self.call(operation, lambda client: self._run(client, script, keys, args))

    def close(self) -> None:
        """Closes the connections and stops the probes. Later calls fail."""
        self._closed.set()
        self._threads.shutdown(wait=True, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    def _run(self, client: "Client", script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        from redis.exceptions import NoScriptError

        execute: Callable[..., Any] = client.execute_command
        try:
            reply = execute(*self._scripts.command(script, keys, *args))
        except NoScriptError:
            reply = execute(*self._scripts.command(script, keys, *args, whole=True))
        self._scripts.answered(script)
        return reply

    def _in_time[T](self, work: "Callable[[Client], T]") -> T:
        from chat.redis.client.connections import prepare  # the import in a cold process is not part of the timeout

        prepare(self._settings)
        call = self._threads.submit(lambda: work(self._connected()))
        try:
            return result_in_time(call, self._settings.redis_timeout_seconds)
        finally:
            call.cancel()

    def _connected(self) -> "Client":
        with self._connecting:
            if self._client is None:
                from chat.redis.client.connections import sync_client

                self._client = sync_client(self._settings)
            return self._client

    def _probe(self) -> None:
        while not self._closed.wait(self.breaker.next_pause()):
            try:
                self._in_time(lambda client: client.ping())
            except Exception:  # noqa: BLE001, S112  # any failure means that Redis is still down
                continue
            self.breaker.answered()
            return
        self.breaker.close()
