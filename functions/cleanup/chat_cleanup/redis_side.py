"""What a run uses of Redis, which may not be there."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chat.event_log import LogControl
from chat.redis import CacheErrors, Outage, RedisSettings
from chat.redis.control import NoLogControl, RedisLogControl
from chat.redis.statistics import RedisStatistics, RedisStatisticsReader


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
    outage = Outage()
    control, reader = RedisLogControl(settings, errors, outage), RedisStatisticsReader(settings, errors, outage)
    try:
        yield RedisSide(control, reader.read)
    finally:
        # A call that hangs is not waited for.
        for close in (control.close, reader.close):
            threading.Thread(target=close, name="redis-close", daemon=True).start()
