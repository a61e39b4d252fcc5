"""Keeps a Redis that does not answer out of the way of threads: a budget for each call, and none while it is down."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aws_lambda_powertools import Logger

from chat.causes import cause_of
from chat.redis.breaker import PROBE_SECONDS, RedisUnavailableError, is_refusal
from chat.redis.cache_errors import CacheErrors

MAX_CALLS = 8
"""At the same time; the others queue, on budget."""

logger = Logger()


class RedisGuard[Client]:
    """Calls Redis from any thread, each call once and within the budget, connecting and resolving names included.

    The first call that gets no answer opens it; while it is open every call fails at once. It closes after an answer to
    `ping`, which is tried every `probe_seconds` by a thread of its own.
    """

    def __init__(
        self,
        connect: Callable[[], Client],
        ping: Callable[[Client], object],
        *,
        budget_seconds: float,
        errors: CacheErrors,
        probe_seconds: float = PROBE_SECONDS,
    ) -> None:
        """`connect` is called before the first call, and again while it fails."""
        self._connect = connect
        self._ping = ping
        self._budget_seconds = budget_seconds
        self._errors = errors
        self._probe_seconds = probe_seconds
        self._client: Client | None = None
        self._lock = threading.Lock()
        self._is_open = False
        self._closed = threading.Event()
        # Threads, because only they bound the whole: a client's timeouts are for each read, and for no name server.
        self._threads = ThreadPoolExecutor(MAX_CALLS, thread_name_prefix="redis")

    @property
    def is_open(self) -> bool:
        return self._is_open

    def call[T](self, operation: str, work: Callable[[Client], T]) -> T:
        """Does `work` with the client.

        Raises:
            RedisUnavailableError: the budget is used up, Redis refused, or the guard is open. It has been counted.
        """
        if self._is_open:
            self._errors.count(operation)
            raise RedisUnavailableError(operation)
        try:
            return self._within_budget(work)
        except Exception as error:
            self._errors.count(operation)
            if not is_refusal(error):
                self._open(operation, error)
            raise RedisUnavailableError(operation) from error

    def close(self) -> None:
        """Stops looking whether Redis is back."""
        self._closed.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _within_budget[T](self, work: Callable[[Client], T]) -> T:
        return self._threads.submit(lambda: work(self._connected())).result(self._budget_seconds)

    def _connected(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _open(self, operation: str, error: Exception) -> None:
        with self._lock:
            if self._is_open:
                return
            self._is_open = True
        logger.warning("redis_down", operation=operation, **cause_of(error))
        threading.Thread(target=self._until_it_answers, name="redis-probe", daemon=True).start()

    def _until_it_answers(self) -> None:
        while not self._closed.wait(self._probe_seconds):
            try:
                self._within_budget(self._ping)
            except Exception:  # noqa: BLE001, S112  # whatever it is that fails: it is not back
                continue
            self._is_open = False
            logger.info("redis_back")
            return
