"""A rate limiter that counts in Redis while it replies, and in a fallback otherwise."""

import time
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING, Any, override

from limits.storage import RedisStorage, Storage

from chat.catalog import TierLimits
from chat.errors import StorageError
from chat.limits.counting import CountingStorage, LimitsRateLimiter
from chat.limits.rates import WINDOW_SECONDS, Allowance, RateLimiter
from chat.redis import keys
from chat.redis.breaker.breaker import RedisUnavailableError
from chat.redis.client.blocking_calls import BlockingRedisCalls

if TYPE_CHECKING:
    from chat.redis.client.connections import Client


GIVE_BACK = resources.files(__package__).joinpath("lua", "give_back.lua").read_text("utf-8")


class ClientStorage(RedisStorage, CountingStorage):
    """The Redis storage of `limits` over our client, for one node or a cluster: each script has one key."""

    name = "redis"
    STORAGE_SCHEME = None  # type: ignore[assignment]  # not looked up by an address

    def __init__(self, client: "Client") -> None:
        Storage.__init__(self)
        self.key_prefix = keys.LIMITS_PREFIX
        self.target_server = "redis"
        self.dependency = self.dependencies["redis"].module
        self.storage = client
        self.initialize_storage("")

    @override
    def add(self, key: str, *, limit: int, window_seconds: int) -> float | None:
        now = time.time()
        added = self.lua_acquire_moving_window([self.prefixed_key(key)], [now, limit, window_seconds, 1])
        return now if added else None

    @override
    def remove(self, key: str, at: float) -> None:
        evaluate: Callable[..., Any] = self.storage.eval
        evaluate(GIVE_BACK, 1, self.prefixed_key(key), repr(at))


class RedisFirstRateLimiter:
    """A `chat.limits.RateLimiter`. Redis and `fallback` count separately."""

    def __init__(
        self, calls: BlockingRedisCalls, fallback: RateLimiter, *, window_seconds: int = WINDOW_SECONDS
    ) -> None:
        self._calls = calls
        self._fallback = fallback
        self._window_seconds = window_seconds
        self._redis: RateLimiter | None = None

    def hit(self, user_id: str, limits: TierLimits) -> Allowance:
        return self._ask(lambda limiter: limiter.hit(user_id, limits))

    def peek(self, user_id: str, limits: TierLimits) -> Allowance:
        return self._ask(lambda limiter: limiter.peek(user_id, limits))

    def give_back(self, user_id: str, limits: TierLimits, used: Allowance) -> None:
        if used.receipt is None:
            return
        if used.receipt.store != ClientStorage.name:
            self._fallback.give_back(user_id, limits, used)
            return
        try:
            self._calls.call("rate_limit_give_back", lambda client: self._over(client).give_back(user_id, limits, used))
        except RedisUnavailableError as error:
            raise StorageError("Redis does not answer.") from error

    def _ask(self, ask: Callable[[RateLimiter], Allowance]) -> Allowance:
        try:
            return self._calls.call("rate_limit", lambda client: ask(self._over(client)))
        except RedisUnavailableError:
            return ask(self._fallback)

    def _over(self, client: "Client") -> RateLimiter:
        if self._redis is None:
            self._redis = LimitsRateLimiter(ClientStorage(client), window_seconds=self._window_seconds)
        return self._redis
