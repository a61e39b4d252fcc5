"""Single flight: one provider call for concurrent equal questions."""

from typing import Protocol


class SingleFlight(Protocol):
    """Elects the session that calls the provider, by cache key. Never raises: on failure each session calls."""

    async def claim(self, key: str, session_id: str) -> str:
        """The leader's session id: `session_id` if it leads, or if the leader is unknown."""

    async def renew(self, key: str, session_id: str) -> None:
        """Renews the lead. It expires after the adapter's `LEASE_SECONDS` without renewal."""

    async def release(self, key: str, session_id: str) -> None:
        """Ends the session's own lead; the lead of another session stays."""
