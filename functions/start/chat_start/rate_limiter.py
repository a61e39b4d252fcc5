"""Builds the rate limiter. Imports expensive modules only where they are needed."""

from chat.dynamo import Tables
from chat.dynamo.request_log import DynamoRequestLog
from chat.limits.rates import RateLimiter
from chat.redis import BlockingRedisCalls


def build_rate_limiter(redis: BlockingRedisCalls | None, tables: Tables) -> RateLimiter:
    """Builds a rate limiter on Redis with DynamoDB as fallback, or on DynamoDB alone if `redis` is None.

    It opens no connection before the first call.
    """
    from chat.dynamo.rate_limit_storage import DynamoStorage
    from chat.limits.counting import LimitsRateLimiter

    in_dynamodb = LimitsRateLimiter(DynamoStorage(DynamoRequestLog(tables)))
    if redis is None:
        return in_dynamodb
    from chat.redis.rate_limiter import RedisFirstRateLimiter

    return RedisFirstRateLimiter(redis, in_dynamodb)
