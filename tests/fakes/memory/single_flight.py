"""The single flight in memory; it can be made to fail."""

from chat.clock import Clock, SystemClock

FLIGHT_SECONDS = 6.0


class MemorySingleFlight:
    """Leads end after `FLIGHT_SECONDS` without renewal, by the clock."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._leads: dict[str, tuple[str, float]] = {}
        self.failing = False

    async def claim(self, key: str, session_id: str) -> str:
        return session_id if self.failing else self.claim_now(key, session_id)

    async def renew(self, key: str, session_id: str) -> None:
        if not self.failing:
            self.renew_now(key, session_id)

    async def release(self, key: str, session_id: str) -> None:
        if not self.failing:
            self.release_now(key, session_id)

    def lose_all(self) -> None:
        """FLUSHALL, or a failover to an empty replica."""
        self._leads.clear()

    def claim_now(self, key: str, session_id: str) -> str:
        holder = self._leader(key) or session_id
        if holder == session_id:
            self._hold(key, session_id)
        return holder

    def renew_now(self, key: str, session_id: str) -> None:
        if self._leader(key) == session_id:
            self._hold(key, session_id)

    def release_now(self, key: str, session_id: str) -> None:
        if self._leader(key) == session_id:
            del self._leads[key]

    def _leader(self, key: str) -> str | None:
        holder, ends_at = self._leads.get(key, ("", 0.0))
        return holder if self._clock.now() < ends_at else None

    def _hold(self, key: str, session_id: str) -> None:
        self._leads[key] = (session_id, self._clock.now() + FLIGHT_SECONDS)
