"""A rate limiter that counts in a moving window of the library `limits`, over any of its storages."""

import time
from abc import abstractmethod
from contextlib import suppress
from dataclasses import replace
from math import ceil
from typing import override

from limits import RateLimitItemPerSecond
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from chat.catalog import TierLimits
from chat.limits.rates import POLICY, WINDOW_SECONDS, Allowance, Receipt
from chat.quoting import quoted


class CountingStorage(Storage, MovingWindowSupport):
    """A storage that returns the timestamp of a counted request and can remove the request."""

    name: str

    @abstractmethod
    def add(self, key: str, *, limit: int, window_seconds: int) -> float | None:
        """Counts a request if fewer than `limit` are in the window. Returns its time, or None if refused."""

    @abstractmethod
    def remove(self, key: str, at: float) -> None:
        """Removes the request that `add` counted at that time. It may have left the window already."""

    @override
    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        if amount != 1:
            raise ValueError("amount must be 1")
        return self.add(key, limit=limit, window_seconds=expiry) is not None


class LimitsRateLimiter:
    """A `chat.limits.RateLimiter`. Errors of the storage propagate."""

    def __init__(self, storage: CountingStorage, *, window_seconds: int = WINDOW_SECONDS) -> None:
        self._storage = storage
        self._window = MovingWindowRateLimiter(storage)
        self._window_seconds = window_seconds

    def hit(self, user_id: str, limits: TierLimits) -> Allowance:
        item = self._item(limits)
        at = self._storage.add(item.key_for(quoted(user_id)), limit=item.amount, window_seconds=item.get_expiry())
        try:
            allowance = self._allowance(user_id, limits, allowed=at is not None)
        except Exception:
            if at is not None:
                with suppress(Exception):  # the first failure is the one to report
                    self._storage.remove(item.key_for(quoted(user_id)), at)
            raise
        return allowance if at is None else replace(allowance, receipt=Receipt(self._storage.name, at))

    def peek(self, user_id: str, limits: TierLimits) -> Allowance:
        return self._allowance(user_id, limits, allowed=True)

    def give_back(self, user_id: str, limits: TierLimits, used: Allowance) -> None:
        if used.receipt is not None:
            self._storage.remove(self._item(limits).key_for(quoted(user_id)), used.receipt.at)

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
