"""Keeps a Redis that does not answer out of the way of threads: a budget for each call, and none while it is down."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from chat.causes import cause_of
from chat.redis.budget import result_within
from chat.redis.cache_errors import CacheErrors
from chat.redis.outage import Outage
from chat.redis.settings import RedisSettings

if TYPE_CHECKING:
    from chat.redis.connections import Client

MAX_CALLS = 8
"""At the same time; the others queue, as in `chat.redis.breaker`."""

logger = Logger()


class RedisGuard:
    """One client, for calls from any thread, each made once and within the budget; see `chat.redis.breaker`.

    Nothing is imported or connected before the first. The first that gets no answer opens the guard; while it is open
    every call fails at once. It closes after an answer to `ping`, which a thread of its own tries, soon at first and
    then ever less often. Clients that share an `outage` open and close together.
    """

    def __init__(self, settings: RedisSettings, errors: CacheErrors, *, outage: Outage | None = None) -> None:
        self._settings = settings
        self._errors = errors
        self._outage = outage or Outage()
        self._client: Client | None = None
        self._connecting = threading.Lock()
        # Threads, because only they bound the whole: a client's timeouts are for each read, and for no name server.
        # A call that was given up ends by those.
        self._threads = ThreadPoolExecutor(MAX_CALLS, thread_name_prefix="redis")
        self._turns = threading.Semaphore(MAX_CALLS)
        self._closed = threading.Event()

    def call[T](self, operation: str, work: "Callable[[Client], T]") -> T:
        """Does `work` with the client.

        Raises:
            RedisUnavailableError: the budget is used up, Redis refused, or the guard is open. It has been counted.
        """
        from chat.redis.breaker import RedisUnavailableError, is_refusal

        try:
            with self._turns:
                if not self._outage.lasts:
                    return self._within_budget(work)
        except Exception as error:
            self._errors.count(operation)
            if not is_refusal(error):
                self._open(operation, error)
            raise RedisUnavailableError(operation) from error
        self._errors.count(operation)
        raise RedisUnavailableError(operation)

    def close(self) -> None:
        """Closes the connections, and looks no longer whether Redis is back. Every call fails from now on."""
        self._closed.set()
        self._threads.shutdown(wait=True, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    def _within_budget[T](self, work: "Callable[[Client], T]") -> T:
        from chat.redis.connections import prepare  # a cold process's import is no part of the budget

        prepare(self._settings)
        call = self._threads.submit(lambda: work(self._connected()))
        try:
            return result_within(call, self._settings.redis_timeout_seconds)
        finally:
            call.cancel()

    def _connected(self) -> "Client":
        with self._connecting:
            if self._client is None:
                from chat.redis.connections import sync_client

                self._client = sync_client(self._settings)
            return self._client

    def _open(self, operation: str, error: Exception) -> None:
        if self._closed.is_set() or not self._outage.begin():
            return
        logger.warning("redis_down", operation=operation, **cause_of(error))
        threading.Thread(target=self._until_it_answers, name="redis-probe", daemon=True).start()

    def _until_it_answers(self) -> None:
        while not self._closed.wait(self._outage.next_pause()):
            try:
                self._within_budget(lambda client: client.ping())
            except Exception:  # noqa: BLE001, S112  # whatever it is that fails: it is not back
                continue
            logger.info("redis_back")
            break
        self._outage.end()
