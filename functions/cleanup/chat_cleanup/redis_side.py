"""What a run uses of Redis, which may not be there."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chat.redis import BlockingRedisCalls, Breaker, CacheErrors, NoLogControl, RedisLogControl, RedisSettings
from chat.redis.statistics import RedisStatistics, RedisStatisticsReader
from chat.sharing.event_log import LogControl


@dataclass(frozen=True, slots=True)
class RedisSide:
    """The text of event logs, and what Redis tells of itself."""

    control: LogControl
    statistics: Callable[[], RedisStatistics]


@contextmanager
def redis_side(settings: RedisSettings, errors: CacheErrors) -> Iterator[RedisSide]:
    """New for each run: minutes lie between two, in which the process stood still and Redis may have come back."""
    if not settings.has_redis:
        yield RedisSide(NoLogControl(), RedisStatistics)
        return
    calls = BlockingRedisCalls(settings, Breaker(errors))
    try:
        yield RedisSide(RedisLogControl(calls), RedisStatisticsReader(calls).read)
    finally:
        # In a thread of its own: closing waits for a call that hangs.
        threading.Thread(target=calls.close, name="redis-close", daemon=True).start()
