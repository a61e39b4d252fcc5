"""Rate limits and stream slots in memory, with the same decisions as the real ones."""

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from threading import Lock

from chat.catalog import TierLimits
from chat.clock import Clock
from chat.limits import Allowance, Slot, SlotsFullError
from chat.limits.rates import WINDOW_SECONDS, Receipt
from chat.limits.slots import acquired_until, renewed_until


class MemoryRateLimiter:
    """A `chat.limits.RateLimiter`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hits: dict[tuple[str, int], list[float]] = {}
        self._lock = Lock()

    def hit(self, user_id: str, limits: TierLimits) -> Allowance:
        with self._lock:
            hits, now = self._in_window(user_id, limits), self._clock.now()
            allowed = len(hits) < limits.requests_per_minute
            if allowed:
                hits.append(now)
            receipt = Receipt("memory", now) if allowed else None
            return replace(_allowance(hits, limits, now, allowed=allowed), receipt=receipt)

    def peek(self, user_id: str, limits: TierLimits) -> Allowance:
        with self._lock:
            return _allowance(self._in_window(user_id, limits), limits, self._clock.now(), allowed=True)

    def give_back(self, user_id: str, limits: TierLimits, used: Allowance) -> None:
        with self._lock:
            hits = self._in_window(user_id, limits)
            if used.receipt is not None and used.receipt.at in hits:
                hits.remove(used.receipt.at)

    def counted(self, user_id: str) -> int:
        """Requests of the user that are kept, some of them perhaps older than the window."""
        return sum(len(hits) for (user, _), hits in self._hits.items() if user == user_id)

    def _in_window(self, user_id: str, limits: TierLimits) -> list[float]:
        hits = self._hits.setdefault((user_id, limits.requests_per_minute), [])
        hits[:] = [at for at in hits if at >= self._clock.now() - WINDOW_SECONDS]
        return hits


class MemoryStreamSlots:
    """A `chat.limits.StreamSlots`."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, float]] = {}
        """By user, then by session: until when."""
        self._lock = Lock()

    def acquire(self, user_id: str, session_id: str, limit: int, now: float) -> Slot:
        with self._lock:
            live = {holder: end for holder, end in self.held.get(user_id, {}).items() if end > now}
            if session_id in live:
                self.held[user_id][session_id] = renewed_until(now)
                return Slot(user_id, session_id, renewed_until(now), fresh=False)
            if len(live) >= limit:
                raise SlotsFullError(min(live.values()) - now, live)
            self.held[user_id] = {**live, session_id: acquired_until(now)}
            return Slot(user_id, session_id, acquired_until(now), fresh=True)

    def renew(self, user_id: str, session_id: str, now: float) -> None:
        with self._lock:
            self.held.setdefault(user_id, {})[session_id] = renewed_until(now)

    def give_back(self, slot: Slot) -> None:
        if slot.fresh:
            self.drop(slot.user_id, {slot.session_id: slot.until})

    def release(self, user_id: str, session_id: str) -> None:
        with self._lock:
            self.held.get(user_id, {}).pop(session_id, None)

    def drop(self, user_id: str, holders: Mapping[str, float]) -> None:
        with self._lock:
            held = self.held.get(user_id, {})
            for holder, end in holders.items():
                if held.get(holder) == end:
                    del held[holder]


def _allowance(hits: list[float], limits: TierLimits, now: float, *, allowed: bool) -> Allowance:
    reset_seconds = hits[0] + WINDOW_SECONDS - now if hits else WINDOW_SECONDS
    return Allowance(
        limit=limits.requests_per_minute,
        remaining=limits.requests_per_minute - len(hits),
        reset_seconds=max(1, ceil(reset_seconds)),
        allowed=allowed,
    )
