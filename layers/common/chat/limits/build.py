"""Builds the two from settings; what costs an import is imported where it is needed."""

from typing import TYPE_CHECKING

from chat.dynamo import Tables
from chat.dynamo.request_log import DynamoRequestLog
from chat.dynamo.stream_slots import DynamoSlotStore
from chat.limits.rates import RateLimiter
from chat.limits.slot_stores import StoredStreamSlots
from chat.limits.slots import StreamSlots
from chat.redis.cache_errors import CacheErrors
from chat.redis.settings import RedisSettings

if TYPE_CHECKING:
    from chat.limits.guard import RedisGuard
    from chat.redis.connections import Client


def build_rate_limiter(redis: RedisSettings, tables: Tables, *, errors: CacheErrors | None = None) -> RateLimiter:
    """Opens no connection before the first call. `errors` counts what fails in Redis."""
    from chat.limits.counting import LimitsRateLimiter
    from chat.limits.dynamo_storage import DynamoStorage

    in_dynamodb = LimitsRateLimiter(DynamoStorage(DynamoRequestLog(tables)))
    if redis.redis_url is None:
        return in_dynamodb
    from chat.limits.redis_first import RedisFirstRateLimiter

    return RedisFirstRateLimiter(redis_guard(redis, errors), in_dynamodb)


def build_stream_slots(redis: RedisSettings, tables: Tables, *, errors: CacheErrors | None = None) -> StreamSlots:
    """Opens no connection before the first call. `errors` counts what fails in Redis."""
    in_dynamodb = DynamoSlotStore(tables)
    if redis.redis_url is None:
        return StoredStreamSlots(in_dynamodb)
    from chat.limits.redis_slots import RedisSlotStore

    return StoredStreamSlots(in_dynamodb, RedisSlotStore(redis_guard(redis, errors)))


def redis_guard(settings: RedisSettings, errors: CacheErrors | None) -> "RedisGuard[Client]":
    """A guard with a client of its own."""
    from chat.limits.guard import RedisGuard
    from chat.redis.connections import sync_client

    return RedisGuard(
        connect=lambda: sync_client(settings),
        ping=lambda client: client.ping(),
        budget_seconds=settings.redis_timeout_seconds,
        errors=errors or CacheErrors(),
    )
