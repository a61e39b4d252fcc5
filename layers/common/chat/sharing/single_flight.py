"""One provider call for equal questions that are asked at the same time."""

from typing import Protocol


class SingleFlight(Protocol):
    """Says which session asks the provider, by cache key. It never raises: without it every session asks for itself."""

    async def claim(self, key: str, session_id: str) -> str:
        """The leader's session id: `session_id` itself if it leads (also when nobody can tell)."""

    async def renew(self, key: str, session_id: str) -> None:
        """The leader lives. A leader that does not renew for `LEASE_SECONDS` of the adapter is dead."""

    async def leader(self, key: str) -> str | None:
        """The leader's session id; None: there is none, or nobody can tell."""

    async def release(self, key: str, session_id: str) -> None:
        """The leader is through; somebody else's lead stays."""
