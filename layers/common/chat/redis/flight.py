"""The leader of a single flight: a key that expires unless its leader renews it."""

import re

from chat.redis import keys, scripts
from chat.redis.breaker.breaker import RedisUnavailableError
from chat.redis.client.async_calls import AsyncRedisCalls

LEASE_SECONDS = 6
"""A leader that has not renewed for this long is considered dead."""

_SESSION_ID = re.compile(rb"[A-Za-z0-9_-]{1,64}")


class RedisSingleFlight:
    """See `chat.sharing.single_flight.SingleFlight`."""

    def __init__(self, calls: AsyncRedisCalls) -> None:
        self._calls = calls

    async def claim(self, key: str, session_id: str) -> str:
        try:
            leader = await self._calls.script(
                "flight_claim", scripts.CLAIM, (keys.flight(key),), session_id, LEASE_SECONDS * 1000
            )
        except RedisUnavailableError:
            return session_id
        return self._session_id("flight_claim", leader) or session_id

    async def renew(self, key: str, session_id: str) -> None:
        try:
            await self._calls.script(
                "flight_renew", scripts.RENEW, (keys.flight(key),), session_id, LEASE_SECONDS * 1000
            )
        except RedisUnavailableError:
            return

    async def release(self, key: str, session_id: str) -> None:
        try:
            await self._calls.script("flight_release", scripts.RELEASE, (keys.flight(key),), session_id)
        except RedisUnavailableError:
            return

    def _session_id(self, operation: str, value: bytes) -> str | None:
        """The reply as a session id; None, counted as an error, if it is not one."""
        if _SESSION_ID.fullmatch(value) is None:
            self._calls.breaker.errors.count(operation)
            return None
        return value.decode()
