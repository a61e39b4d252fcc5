"""Time, as a dependency."""

import time
from typing import Protocol


class Clock(Protocol):
    """A source of the current time."""

    def now(self) -> float:
        """Seconds since the epoch, with fractions."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()
