"""Lines of a chart and the time window that they cover."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

type Values = tuple[float | None, ...]
"""One value for each period, oldest first; None for a period without a value."""


@dataclass(frozen=True, slots=True)
class Window:
    """`count` periods of `period` seconds each; the first starts at `start` (seconds since the epoch)."""

    start: int
    period: int
    count: int

    @classmethod
    def until_now(cls, period: int, count: int, now: float | None = None) -> "Window":
        """The last `count` periods, aligned to multiples of `period`, including the current one."""
        end = int(time.time() if now is None else now) // period * period + period
        return cls(end - period * count, period, count)


@dataclass(frozen=True, slots=True)
class Line:
    """One value for each of a window's periods. Labels may refer to `properties`: MetricName, Dim.<name>.

    `counted`: the values are sums, so a missing value means zero.
    """

    values: Values
    unit: str = ""
    counted: bool = False
    properties: Mapping[str, str] = field(default_factory=dict)
