"""Keeps a Redis that does not answer out of the way: a budget for each call, and none at all while it is down."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from aws_lambda_powertools import Logger
from redis.exceptions import ClusterDownError, ResponseError

from chat.causes import cause_of
from chat.redis.budget import within
from chat.redis.cache_errors import CacheErrors
from chat.redis.entries import BrokenLogError
from chat.redis.outage import Outage

logger = Logger()

MAX_CALLS = 16
"""At the same time, so that a crowd of requests does not become a crowd of connections. The others queue: their budget
begins when it is their turn, and if Redis is down by then they fail at once."""


class RedisUnavailableError(Exception):
    """Redis did not answer in time, or refused, or is known to be down: go on without it."""


def is_refusal(error: Exception) -> bool:
    """Redis answered, but with no (full, read-only, a key of another type) or nonsense: no reason not to ask again."""
    return isinstance(error, ResponseError | BrokenLogError) and not isinstance(error, ClusterDownError)


class Breaker:
    """For the calls of one event loop.

    The first call that gets no answer opens it; while it is open every call fails at once. It closes after an answer to
    `ping`, which is tried in the background, soon at first and then ever less often. Clients that share an `outage`
    open and close together. Each call first waits for `prepare`, outside its budget.
    """

    def __init__(
        self,
        ping: Callable[[], Awaitable[object]],
        *,
        budget_seconds: float,
        errors: CacheErrors,
        outage: Outage | None = None,
        prepare: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._ping = ping
        self._prepare = prepare
        self._budget_seconds = budget_seconds
        self._errors = errors
        self._outage = outage or Outage()
        self._calls = asyncio.Semaphore(MAX_CALLS)
        self._probe: asyncio.Task[None] | None = None
        self._logged: set[str] = set()

    @property
    def is_open(self) -> bool:
        return self._outage.lasts

    async def call[T](self, operation: str, work: Callable[[], Awaitable[T]]) -> T:
        """Does `work` within the budget, once.

        Raises:
            RedisUnavailableError: the budget is used up, Redis refused, or the breaker is open. It has been counted.
        """
        try:
            async with self._calls:
                self._refuse_if_open(operation)
                return await self._within_budget(work)
        except RedisUnavailableError:
            raise
        except Exception as error:
            self.failed(operation, error)
            raise RedisUnavailableError(operation) from error

    async def _within_budget[T](self, work: Callable[[], Awaitable[T]]) -> T:
        if self._prepare is not None:
            await self._prepare()
        async with within(self._budget_seconds):
            return await work()

    def _refuse_if_open(self, operation: str) -> None:
        if self.is_open:
            self._errors.count(operation)
            raise RedisUnavailableError(operation)

    def failed(self, operation: str, error: Exception) -> None:
        """Counts a failure, here or on a connection of its own; opens the breaker unless it was a mere refusal."""
        self._errors.count(operation)
        if is_refusal(error):
            self._log_refusal(operation, error)
        elif self._outage.begin():
            logger.warning("redis_down", operation=operation, **cause_of(error))
            self._probe = asyncio.create_task(self._until_it_answers())

    async def close(self) -> None:
        """Stops looking whether Redis is back."""
        probe, self._probe = self._probe, None
        if probe is not None:
            probe.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await probe
            self._outage.end()

    async def _until_it_answers(self) -> None:
        answered = False
        while not answered:
            await asyncio.sleep(self._outage.next_pause())
            # Whatever it is that fails: it is not back.
            with contextlib.suppress(Exception):
                await self._within_budget(self._ping)
                answered = True
        self._probe = None
        self._outage.end()
        logger.info("redis_back")

    def _log_refusal(self, operation: str, error: Exception) -> None:
        """Once for each kind: a full Redis refuses every call."""
        kind = type(error).__name__
        if kind not in self._logged:
            self._logged.add(kind)
            logger.warning("redis_refused", operation=operation, **cause_of(error))
