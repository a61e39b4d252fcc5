"""Cached answers, and the port of their store."""

from dataclasses import dataclass
from typing import Protocol

from chat.messages import Usage


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """A complete answer, and what it took to make it."""

    text: str
    finish_reason: str
    usage: Usage | None


class ResponseCache(Protocol):
    """Keeps answers by key. It never raises: what fails is a miss, counted, and never an error to the user."""

    async def get(self, key: str) -> CachedAnswer | None:
        """The answer; None: a miss, or an entry that is not one of ours."""

    async def put(self, key: str, answer: CachedAnswer) -> None:
        """Keeps a complete answer for the store's time to live."""
