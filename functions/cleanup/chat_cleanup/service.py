"""Runs the cleanup once: sweeps open sessions and publishes the gauges."""

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager

from aws_lambda_powertools import Logger

from chat.clock import Clock
from chat.error_fields import safe_error_fields
from chat.errors import StorageError
from chat.metrics import Metric, Metrics
from chat.sessions import SessionStore
from chat.sessions.index import CleanupRecord, Position, SessionIndex
from chat_cleanup.deadline import Deadline
from chat_cleanup.gauges import gauges
from chat_cleanup.redis_side import RedisSide
from chat_cleanup.resolution import EndSession
from chat_cleanup.run_summary import RunSummary
from chat_cleanup.settings import CleanupSettings
from chat_cleanup.sweep import OpenSessionSweep

logger = Logger()


class Cleanup:
    """Ends sessions that are due and publishes the gauges. Concurrent runs are safe."""

    def __init__(
        self,
        *,
        index: SessionIndex,
        sessions: SessionStore,
        record: CleanupRecord,
        redis: Callable[[], AbstractContextManager[RedisSide]],
        metrics: Metrics,
        clock: Clock,
        settings: CleanupSettings,
        new_executor: Callable[[int], Executor] = ThreadPoolExecutor,
    ) -> None:
        """`new_executor` creates an executor with the given number of threads, for one run."""
        self._index = index
        self._sessions = sessions
        self._record = record
        self._redis = redis
        self._metrics = metrics
        self._clock = clock
        self._settings = settings
        self._new_executor = new_executor

    def run(self, seconds_left: Callable[[], float]) -> dict[str, float]:
        """Runs once and returns the published metrics. `seconds_left` returns the time until Lambda's deadline.

        Raises:
            StorageError: none of the shards that were tried could be read, and no session was checked.
        """
        deadline = Deadline(seconds_left, margin_seconds=self._settings.cleanup_margin_seconds)
        started = self._clock.now()
        with self._redis() as redis, self._new_executor(self._settings.cleanup_threads) as executor:
            statistics = executor.submit(redis.statistics)
            summary = self._sweep(redis, executor, deadline)
            values = gauges(summary, statistics.result())
        self._metrics.publish(
            values,
            complete=summary.complete,
            sessions_left=summary.left,
            duration_seconds=round(self._clock.now() - started, 3),
        )
        return {metric.value: value for metric, value in values.items()}

    def _positions(self) -> tuple[Position, ...]:
        try:
            return self._record.read()
        except StorageError as error:
            logger.warning("cleanup position not read", **safe_error_fields(error))
            return ()

    def _sweep(self, redis: RedisSide, executor: Executor, deadline: Deadline) -> RunSummary:
        end = EndSession(
            index=self._index,
            sessions=self._sessions,
            control=redis.control,
            clock=self._clock,
            dead_lease_seconds=self._settings.cleanup_dead_lease_seconds,
        )
        sweep = OpenSessionSweep(
            index=self._index,
            record=self._record,
            end=end,
            executor=executor,
            clock=self._clock,
            deadline=deadline,
        )
        try:
            return sweep.run(self._positions())
        except StorageError:
            self._metrics.publish({Metric.CLEANUP_FAILURES: 1})
            raise
