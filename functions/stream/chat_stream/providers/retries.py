"""Counts the SDKs' retries. The SDKs retry on their own and report it only in a request header."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2

RETRY_COUNT = "x-stainless-retry-count"
"""The request header with the number of earlier attempts for the same answer. Both SDKs send it."""


@dataclass(slots=True)
class Retries:
    """A mutable count of retries."""

    count: int = 0


_counting: ContextVar[Retries | None] = ContextVar("retries", default=None)


@contextmanager
def counted_in(retries: Retries) -> Iterator[None]:
    """Counts in `retries` the retries of requests that the current task sends within the block."""
    _counting.set(retries)
    try:
        yield
    finally:
        _counting.set(None)


async def note(request: "httpx2.Request") -> None:
    """A request hook for an SDK's HTTP client that counts a request if it is a retry."""
    retries = _counting.get()
    if retries is not None and request.headers.get(RETRY_COUNT, "0") != "0":
        retries.count += 1
