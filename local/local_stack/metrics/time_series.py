"""One metric's values over time: as in CloudWatch, one statistic for each period that has values.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

BUCKET_SECONDS = 10
KEPT_SECONDS = 3 * 3600
MAX_VALUES = 1000
"""Values kept in a bucket for percentiles, the latest ones. Counts, sums and extremes cover all values."""


class Point(NamedTuple):
    """A statistic over the period that starts at `start` (seconds since the epoch)."""

    start: float
    value: float


@dataclass(slots=True)
class TimeBucket:
    """The values of one interval."""

    count: int = 0
    total: float = 0.0
    minimum: float = math.inf
    maximum: float = -math.inf
    values: list[float] = field(default_factory=list)

    def add(self, value: float) -> None:
        """Adds one value."""
        self.count += 1
        self.total += value
        self.minimum = min(self.minimum, value)
        self.maximum = max(self.maximum, value)
        if len(self.values) < MAX_VALUES:
            self.values.append(value)
        else:
            self.values[self.count % MAX_VALUES] = value

    def quantile(self, share: float) -> float:
        """The quantile for `share` (0 to 1), by nearest rank."""
        ordered = sorted(self.values)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


_STATISTICS: Mapping[str, Callable[[TimeBucket], float]] = {
    "Sum": lambda bucket: bucket.total,
    "Average": lambda bucket: bucket.total / bucket.count,
    "Minimum": lambda bucket: bucket.minimum,
    "Maximum": lambda bucket: bucket.maximum,
    "SampleCount": lambda bucket: bucket.count,
}


def statistic(name: str) -> Callable[[TimeBucket], float]:
    """A statistic by CloudWatch's name: Sum, Average, Minimum, Maximum, SampleCount, p50, p99.9, ...

    Raises:
        ValueError: unknown name.
    """
    if name in _STATISTICS:
        return _STATISTICS[name]
    try:
        share = float(name.removeprefix("p")) / 100
    except ValueError:
        share = math.nan
    if not name.startswith("p") or not 0 <= share <= 1:
        raise ValueError(f"Unknown statistic {name!r}.")
    return lambda bucket: bucket.quantile(share)


class TimeSeries:
    """Values of one metric with the same dimensions, in buckets of `BUCKET_SECONDS`, for `KEPT_SECONDS`."""

    def __init__(self) -> None:
        self._buckets: dict[int, TimeBucket] = {}
        self.latest = 0.0

    def add(self, at: float, value: float) -> None:
        """Adds a value at the time `at`, in seconds since the epoch."""
        self.latest = value
        number = int(at // BUCKET_SECONDS)
        if number not in self._buckets:
            oldest = max([number, *self._buckets]) - KEPT_SECONDS // BUCKET_SECONDS
            self._buckets = {kept: bucket for kept, bucket in self._buckets.items() if kept > oldest}
        self._buckets.setdefault(number, TimeBucket()).add(value)

    def points(self, *, since: float, period: int, stat: str, origin: int = 0) -> Sequence[Point]:
        """The statistic of each period that has values, oldest first, starting with the period that contains `since`.

        `period` is in seconds, a multiple of `BUCKET_SECONDS`; periods are aligned to multiples of it from `origin`.

        Raises:
            ValueError: unknown statistic or invalid period.
        """
        if period <= 0 or period % BUCKET_SECONDS:
            raise ValueError(f"{period} is not a multiple of {BUCKET_SECONDS} seconds.")
        value_of = statistic(stat)
        periods: dict[int, list[TimeBucket]] = {}
        for number, bucket in sorted(self._buckets.items()):
            start = origin + (number * BUCKET_SECONDS - origin) // period * period
            if start + period > since:
                periods.setdefault(start, []).append(bucket)
        return [Point(start, value_of(_joined(buckets))) for start, buckets in periods.items()]


def _joined(buckets: Iterable[TimeBucket]) -> TimeBucket:
    joined = TimeBucket()
    for bucket in buckets:
        joined.count += bucket.count
        joined.total += bucket.total
        joined.minimum = min(joined.minimum, bucket.minimum)
        joined.maximum = max(joined.maximum, bucket.maximum)
        joined.values += bucket.values
    return joined
