"""One circuit breaker for all Redis clients of a process: while Redis does not reply, no call waits for it."""

import threading
import time
from collections.abc import Callable

from aws_lambda_powertools import Logger

from chat.error_fields import safe_error_fields
from chat.redis.breaker.cache_errors import CacheErrors

FIRST_PROBE_SECONDS = 0.1
"""Pause before the first probe. Short, because most outages are brief and an answer is in progress meanwhile."""
PROBE_SECONDS = 2.0
"""The longest pause between two probes; each pause doubles the previous one."""
CALM_SECONDS = 10.0
"""An outage that starts sooner after the last one continues its pauses. Otherwise a Redis that answers only pings would
cost a call's timeout again and again."""

logger = Logger()


class RedisUnavailableError(Exception):
    """Redis did not reply in time, refused the command, or is known to be down: continue without it."""


class InvalidReplyError(Exception):
    """Redis replied with data that this service cannot have written."""


def is_refusal(error: Exception) -> bool:
    """Redis replied, with an error (full, read-only, wrong type) or with invalid data: it is not down."""
    from redis.exceptions import ClusterDownError, ResponseError

    return isinstance(error, ResponseError | InvalidReplyError) and not isinstance(error, ClusterDownError)


class Breaker:
    """Opens at the first call without a reply, and closes when a probe gets one. Thread-safe.

    The client whose call opened it sends the probes; while it is open, every call of every client fails at once.
    """

    def __init__(self, errors: CacheErrors | None = None, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.errors = errors or CacheErrors()
        """The counter of failed calls."""
        self._monotonic = monotonic
        self._state = threading.Lock()
        self._is_open = False
        self._closed_at = float("-inf")
        self._pause_seconds = FIRST_PROBE_SECONDS
        self._logged: set[str] = set()

    @property
    def is_open(self) -> bool:
        return self._is_open

    def check(self, operation: str) -> None:
        """Counts and refuses a call while the breaker is open.

        Raises:
            RedisUnavailableError: it is open.
        """
        if self._is_open:
            self.errors.count(operation)
            raise RedisUnavailableError(operation)

    def failed(self, operation: str, error: Exception) -> bool:
        """Counts a failed call, and opens the breaker unless Redis refused the command.

        True: this call opened it, and its client sends probes until one is answered or the client is closed.
        """
        self.errors.count(operation)
        if is_refusal(error):
            self._log_refusal(operation, error)
            return False
        if not self.open():
            return False
        logger.warning("redis_down", operation=operation, **safe_error_fields(error))
        return True

    def open(self) -> bool:
        """Opens the breaker; False if it was open already."""
        with self._state:
            opened, self._is_open = not self._is_open, True
            if opened and self._monotonic() - self._closed_at >= CALM_SECONDS:
                self._pause_seconds = FIRST_PROBE_SECONDS
        return opened

    def next_pause(self) -> float:
        """The seconds until the next probe."""
        seconds = self._pause_seconds
        self._pause_seconds = min(2 * seconds, PROBE_SECONDS)
        return seconds

    def answered(self) -> None:
        """Closes the breaker after a successful probe."""
        self.close()
        logger.info("redis_back")

    def close(self) -> None:
        """Closes the breaker without a probe: the client that sent the probes has been closed."""
        self._closed_at = self._monotonic()
        self._is_open = False

    def _log_refusal(self, operation: str, error: Exception) -> None:
        """Logs each kind of refusal once: a full Redis refuses every write."""
        kind = type(error).__name__
        if kind not in self._logged:
            self._logged.add(kind)
            logger.warning("redis_refused", operation=operation, **safe_error_fields(error))
