"""Requests counted by the library `limits`, in a moving window, over any of its storages."""

import time
from math import ceil

from limits import RateLimitItemPerSecond
from limits.storage import Storage
from limits.strategies import MovingWindowRateLimiter

from chat.catalog import TierLimits
from chat.limits.rates import POLICY, WINDOW_SECONDS, Allowance
from chat.quoting import quoted


class LimitsRateLimiter:
    """A `chat.limits.RateLimiter`. The storage's errors pass through."""

    def __init__(self, storage: Storage, *, window_seconds: int = WINDOW_SECONDS) -> None:
        self._window = MovingWindowRateLimiter(storage)
        self._window_seconds = window_seconds

    def hit(self, user_id: str, limits: TierLimits) -> Allowance:
        allowed = self._window.hit(self._item(limits), quoted(user_id))
        return self._allowance(user_id, limits, allowed=allowed)

    def peek(self, user_id: str, limits: TierLimits) -> Allowance:
        return self._allowance(user_id, limits, allowed=True)

    def _item(self, limits: TierLimits) -> RateLimitItemPerSecond:
        return RateLimitItemPerSecond(limits.requests_per_minute, self._window_seconds, namespace=POLICY)

    def _allowance(self, user_id: str, limits: TierLimits, *, allowed: bool) -> Allowance:
        stats = self._window.get_window_stats(self._item(limits), quoted(user_id))
        return Allowance(
            limit=limits.requests_per_minute,
            remaining=max(0, stats.remaining) if allowed else 0,
            reset_seconds=min(max(1, ceil(stats.reset_time - time.time())), self._window_seconds),
            allowed=allowed,
        )
