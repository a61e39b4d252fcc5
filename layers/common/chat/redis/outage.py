"""The breaker's state, shared by all clients of one Redis."""

import threading
import time
from collections.abc import Callable

FIRST_PROBE_SECONDS = 0.1
"""Before the first look: most outages are hiccups, and an answer is being written meanwhile."""
PROBE_SECONDS = 2.0
"""Between two looks at most; each pause is twice as long as the one before."""
CALM_SECONDS = 10.0
"""After which an outage is a new one. One that comes back sooner goes on with its pauses: a Redis that answers pings
and little else would take a call's budget again and again."""


class Outage:
    """The client whose call failed opens it and probes Redis; the others fail at once until it is closed.

    For any thread.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._state = threading.Lock()
        self._lasts = False
        self._ended_at = float("-inf")
        self._pause_seconds = FIRST_PROBE_SECONDS

    @property
    def lasts(self) -> bool:
        return self._lasts

    def begin(self) -> bool:
        """Whether it had not begun: then it is the caller's to end."""
        with self._state:
            begun, self._lasts = not self._lasts, True
            if begun and self._monotonic() - self._ended_at >= CALM_SECONDS:
                self._pause_seconds = FIRST_PROBE_SECONDS
        return begun

    def next_pause(self) -> float:
        """The seconds until the next look, for who has begun it."""
        seconds = self._pause_seconds
        self._pause_seconds = min(2 * seconds, PROBE_SECONDS)
        return seconds

    def end(self) -> None:
        """Redis answered, or the client that looked for it is closed."""
        self._ended_at = self._monotonic()
        self._lasts = False
