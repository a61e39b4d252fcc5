"""The cache, the event log and the single flight on Redis.

    breaker = Breaker()                                 # one for a process
    services = connect(settings, breaker)               # for an event loop; None without Redis
    calls = BlockingRedisCalls(settings, breaker)       # for threads: stops, rate limits, statistics

Nothing is connected before the first call. Each call has one short timeout and is never repeated.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chat.redis.breaker.breaker import Breaker, RedisUnavailableError
from chat.redis.breaker.cache_errors import CacheErrors
from chat.redis.client.blocking_calls import BlockingRedisCalls
from chat.redis.log.log_control import NoLogControl, RedisLogControl
from chat.redis.settings import RedisSettings
from chat.sharing.event_log import EventLog
from chat.sharing.response_cache import ResponseCache
from chat.sharing.single_flight import SingleFlight

__all__ = [
    "BlockingRedisCalls",
    "Breaker",
    "CacheErrors",
    "NoLogControl",
    "RedisLogControl",
    "RedisServices",
    "RedisSettings",
    "RedisUnavailableError",
    "connect",
]


@dataclass(frozen=True, slots=True)
class RedisServices:
    """The stream function's adapters of Redis, on one event loop."""

    cache: ResponseCache
    log: EventLog
    flight: SingleFlight
    close: Callable[[], Awaitable[None]]
    """Closes the connections; safe to call twice."""


def connect(settings: RedisSettings, breaker: Breaker) -> RedisServices | None:
    """The adapters on one client, for one event loop; None without Redis."""
    if not settings.has_redis:
        return None
    from chat.redis.cache import RedisResponseCache
    from chat.redis.client.async_calls import AsyncRedisCalls
    from chat.redis.flight import RedisSingleFlight
    from chat.redis.log.event_log import RedisEventLog

    calls = AsyncRedisCalls(settings, breaker)
    return RedisServices(
        cache=RedisResponseCache(calls, ttl_seconds=settings.cache_ttl_seconds),
        log=RedisEventLog(calls),
        flight=RedisSingleFlight(calls),
        close=calls.close,
    )
