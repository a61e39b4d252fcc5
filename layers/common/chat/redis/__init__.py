"""The ports of the cache, the event log and the single flight on Redis.

    settings = RedisSettings.from_environ()
    services = connect(settings)    # the stream function: .cache .log .flight .close(); None without Redis
    stops = control(settings)       # the functions that stop or settle a generation

Nothing is connected until the first call, every call has one short budget, and none of them is ever repeated.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chat.event_log import EventLog, LogControl
from chat.redis.cache_errors import CacheErrors
from chat.redis.control import NoLogControl, RedisLogControl
from chat.redis.outage import Outage
from chat.redis.settings import RedisSettings
from chat.response_cache import ResponseCache
from chat.single_flight import SingleFlight

__all__ = ["CacheErrors", "Outage", "RedisServices", "RedisSettings", "connect", "control"]


@dataclass(frozen=True, slots=True)
class RedisServices:
    """What the stream function uses of Redis, on one event loop."""

    cache: ResponseCache
    log: EventLog
    flight: SingleFlight
    close: Callable[[], Awaitable[None]]
    """Closes the connections; safe to call twice."""


def connect(
    settings: RedisSettings, *, errors: CacheErrors | None = None, outage: Outage | None = None
) -> RedisServices | None:
    """The adapters on one client and behind one breaker, for one event loop; None without Redis.

    `errors` counts what fails; `outage` is shared with the other clients of the process.
    """
    if not settings.has_redis:
        return None
    from chat.redis.cache import RedisResponseCache
    from chat.redis.calls import RedisCalls
    from chat.redis.event_log import RedisEventLog
    from chat.redis.flight import RedisSingleFlight

    calls = RedisCalls(settings, errors or CacheErrors(), outage)
    return RedisServices(
        cache=RedisResponseCache(calls, ttl_seconds=settings.cache_ttl_seconds),
        log=RedisEventLog(calls),
        flight=RedisSingleFlight(calls),
        close=calls.close,
    )


def control(settings: RedisSettings, *, errors: CacheErrors | None = None, outage: Outage | None = None) -> LogControl:
    """The synchronous side of the log, for any thread; without Redis one that does nothing."""
    if not settings.has_redis:
        return NoLogControl()
    return RedisLogControl(settings, errors or CacheErrors(), outage)
