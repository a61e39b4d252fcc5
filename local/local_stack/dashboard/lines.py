"""Values over a span of time, and what they are of."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

type Values = tuple[float | None, ...]
"""One for each period, oldest first; None where there is none."""


@dataclass(frozen=True, slots=True)
class Window:
    """`count` periods of `period` seconds each, the first one beginning at `start` (seconds since the epoch)."""

    start: int
    period: int
    count: int

    @classmethod
    def until_now(cls, period: int, count: int, now: float | None = None) -> "Window":
        """The periods, at the multiples of their length, of which the last one is running."""
        end = int(time.time() if now is None else now) // period * period + period
        return cls(end - period * count, period, count)


@dataclass(frozen=True, slots=True)
class Line:
    """One value for each of a window's periods. `properties` are what labels may quote: MetricName, Dim.<name>.

    `counted`: no value means that nothing happened, for the values are sums.
    """

    values: Values
    unit: str = ""
    counted: bool = False
    properties: Mapping[str, str] = field(default_factory=dict)
