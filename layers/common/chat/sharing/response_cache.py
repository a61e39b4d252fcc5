"""The cache of answers."""

from dataclasses import dataclass
from typing import Protocol

from chat.messages import Usage


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """A complete answer with its usage."""

    text: str
    finish_reason: str
    usage: Usage | None


class ResponseCache(Protocol):
    """Answers by key. Never raises: a failure is a miss, and is counted."""

    async def get(self, key: str) -> CachedAnswer | None:
        """The answer; None on a miss or an invalid entry."""

    async def put(self, key: str, answer: CachedAnswer) -> None:
        """Stores a complete answer for the cache's TTL."""
