"""The ports of `chat.redis`, in any implementation."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from chat.redis import Breaker, RedisServices
from chat.sharing.event_log import EventLog, LogControl
from chat.sharing.response_cache import ResponseCache
from chat.sharing.single_flight import SingleFlight

BLOCK_SECONDS = 0.1
"""How long a read of the log blocks in tests; a second in operation."""


@dataclass(frozen=True, slots=True)
class RedisPorts:
    """As one process has them."""

    cache: ResponseCache
    log: EventLog
    flight: SingleFlight
    control: LogControl
    may_fail: set[str] = field(default_factory=set)
    """Operations that the test makes fail; of others nothing may be counted."""


class OpenServices(Protocol):
    """Makes a client of the Redis at a URL, and closes it after the test."""

    def __call__(self, url: str, *, breaker: Breaker | None = None, **settings: Any) -> RedisServices:
        """`settings` differ from those of a patient client."""
