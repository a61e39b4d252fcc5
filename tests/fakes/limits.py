"""Rate limiters over each of the stores alone: one that does not answer is an error."""

from chat.catalog import TierLimits
from chat.dynamo import Tables
from chat.dynamo.rate_limit_storage import DynamoStorage
from chat.dynamo.request_log import DynamoRequestLog
from chat.limits import Allowance, RateLimiter
from chat.limits.counting import LimitsRateLimiter
from chat.redis import BlockingRedisCalls, Breaker, RedisSettings
from chat.redis.rate_limiter import RedisFirstRateLimiter

PATIENT_SECONDS = 10.0
"""For tests of what Redis answers, not of how soon."""


class NoRateLimiter:
    """Takes the place of a fallback that must not be asked."""

    def hit(self, user_id: str, limits: TierLimits) -> Allowance:
        raise AssertionError("Redis has not answered")

    def peek(self, user_id: str, limits: TierLimits) -> Allowance:
        raise AssertionError("Redis has not answered")

    def give_back(self, user_id: str, limits: TierLimits, used: Allowance) -> None:
        raise AssertionError("Redis has counted it")


def patient(settings: RedisSettings) -> RedisSettings:
    return settings.model_copy(update={"redis_timeout_seconds": PATIENT_SECONDS})


def dynamo_limiter(tables: Tables) -> RateLimiter:
    return LimitsRateLimiter(DynamoStorage(DynamoRequestLog(tables)))


def redis_limiter(settings: RedisSettings) -> RateLimiter:
    return RedisFirstRateLimiter(BlockingRedisCalls(patient(settings), Breaker()), NoRateLimiter())
