"""Builds the rate limiter from settings; what costs an import is imported where it is needed."""

from chat.dynamo import Tables
from chat.dynamo.request_log import DynamoRequestLog
from chat.limits.rates import RateLimiter
from chat.redis.cache_errors import CacheErrors
from chat.redis.guard import RedisGuard
from chat.redis.outage import Outage
from chat.redis.settings import RedisSettings


def build_rate_limiter(
    redis: RedisSettings, tables: Tables, *, errors: CacheErrors | None = None, outage: Outage | None = None
) -> RateLimiter:
    """Opens no connection before the first call. `errors` counts what fails in Redis; `outage` is the process's."""
    from chat.limits.counting import LimitsRateLimiter
    from chat.limits.dynamo_storage import DynamoStorage

    in_dynamodb = LimitsRateLimiter(DynamoStorage(DynamoRequestLog(tables)))
    if not redis.has_redis:
        return in_dynamodb
    from chat.limits.redis_first import RedisFirstRateLimiter

    return RedisFirstRateLimiter(RedisGuard(redis, errors or CacheErrors(), outage=outage), in_dynamodb)
