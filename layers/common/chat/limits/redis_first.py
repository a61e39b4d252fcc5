"""Requests counted in Redis while it answers, and elsewhere otherwise."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from limits.storage import RedisStorage, Storage

from chat.catalog import TierLimits
from chat.limits.counting import LimitsRateLimiter
from chat.limits.rates import WINDOW_SECONDS, Allowance, RateLimiter
from chat.redis import keys
from chat.redis.breaker import RedisUnavailableError
from chat.redis.guard import RedisGuard

if TYPE_CHECKING:
    from chat.redis.connections import Client


class ClientStorage(RedisStorage):
    """The library's Redis storage over a client of ours, of one node or of a cluster: each script has one key."""

    STORAGE_SCHEME = None  # type: ignore[assignment]  # not to be found by an address

    def __init__(self, client: "Client") -> None:
        Storage.__init__(self)
        self.key_prefix = keys.LIMITS_PREFIX
        self.target_server = "redis"
        self.dependency = self.dependencies["redis"].module
        self.storage = client
        self.initialize_storage("")
        # Known beforehand, for fakeredis's server closes the connection when a script is not.
        client.script_load(self.SCRIPT_MOVING_WINDOW)
        client.script_load(self.SCRIPT_ACQUIRE_MOVING_WINDOW)


class RedisFirstRateLimiter:
    """A `chat.limits.RateLimiter`. Redis and `fallback` know nothing of each other's counts."""

    def __init__(self, guard: RedisGuard, fallback: RateLimiter, *, window_seconds: int = WINDOW_SECONDS) -> None:
        self._guard = guard
        self._fallback = fallback
        self._window_seconds = window_seconds
        self._redis: RateLimiter | None = None

    def hit(self, user_id: str, limits: TierLimits) -> Allowance:
        return self._ask(lambda limiter: limiter.hit(user_id, limits))

    def peek(self, user_id: str, limits: TierLimits) -> Allowance:
        return self._ask(lambda limiter: limiter.peek(user_id, limits))

    def _ask(self, ask: Callable[[RateLimiter], Allowance]) -> Allowance:
        try:
            return self._guard.call("rate_limit", lambda client: ask(self._over(client)))
        except RedisUnavailableError:
            return ask(self._fallback)

    def _over(self, client: "Client") -> RateLimiter:
        if self._redis is None:
            self._redis = LimitsRateLimiter(ClientStorage(client), window_seconds=self._window_seconds)
        return self._redis
