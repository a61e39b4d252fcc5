"""Counts how often a provider was asked once more. The SDKs do that by themselves, and say so in a header only."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2

RETRY_COUNT = "x-stainless-retry-count"
"""Of a request: how many have gone before it for the same answer. Both SDKs send it."""


@dataclass(slots=True)
class Retries:
    """How many there were."""

    count: int = 0


_counting: ContextVar[Retries | None] = ContextVar("retries", default=None)


@contextmanager
def counted_in(retries: Retries) -> Iterator[None]:
    """Counts the retries of answers that are read within the block, by the task that it runs in."""
    _counting.set(retries)
    try:
        yield
    finally:
        _counting.set(None)


async def note(request: "httpx2.Request") -> None:
    """A hook for an SDK's HTTP client: looks at each request before it is sent."""
    retries = _counting.get()
    if retries is not None and request.headers.get(RETRY_COUNT, "0") != "0":
        retries.count += 1
