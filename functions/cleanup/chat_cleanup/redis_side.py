"""A cleanup run's access to Redis, which is optional."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chat.redis import BlockingRedisCalls, Breaker, CacheErrors, NoLogControl, RedisLogControl, RedisSettings
from chat.redis.statistics import RedisStatistics, RedisStatisticsReader
from chat.sharing.event_log import LogControl


@dataclass(frozen=True, slots=True)
class RedisSide:
    """Reads event logs and the statistics of Redis."""

    control: LogControl
    statistics: Callable[[], RedisStatistics]


@contextmanager
def redis_side(settings: RedisSettings, errors: CacheErrors) -> Iterator[RedisSide]:
    """Opens a new connection and breaker for a run, because the process was frozen for minutes since the last one."""
    if not settings.has_redis:
        yield RedisSide(NoLogControl(), RedisStatistics)
        return
    calls = BlockingRedisCalls(settings, Breaker(errors))
    try:
        yield RedisSide(RedisLogControl(calls), RedisStatisticsReader(calls).read)
    finally:
        # Close in a separate thread, because closing waits for a call that hangs.
        threading.Thread(target=calls.close, name="redis-close", daemon=True).start()
