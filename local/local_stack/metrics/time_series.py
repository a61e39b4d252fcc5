"""One metric's values over time, as CloudWatch gives them: for each period a statistic, and nothing where no value is.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

BUCKET_SECONDS = 10
KEPT_SECONDS = 3 * 3600
MAX_VALUES = 1000
"""Of a bucket, for percentiles; of more, these are the latest. Counts, sums and extremes are of all."""


class Point(NamedTuple):
    """A statistic over the period that begins at `start` (seconds since the epoch)."""

    start: float
    value: float


@dataclass(slots=True)
class TimeBucket:
    """Values of some seconds."""

    count: int = 0
    total: float = 0.0
    minimum: float = math.inf
    maximum: float = -math.inf
    values: list[float] = field(default_factory=list)

    def add(self, value: float) -> None:
        """Takes one value."""
        self.count += 1
        self.total += value
        self.minimum = min(self.minimum, value)
        self.maximum = max(self.maximum, value)
        if len(self.values) < MAX_VALUES:
            self.values.append(value)
        else:
            self.values[self.count % MAX_VALUES] = value

    def quantile(self, share: float) -> float:
        """The value that this share of the values does not exceed (nearest rank)."""
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
        ValueError: there is none of that name.
    """
    if name in _STATISTICS:
        return _STATISTICS[name]
    try:
        share = float(name.removeprefix("p")) / 100
    except ValueError:
        share = math.nan
    if not name.startswith("p") or not 0 <= share <= 1:
        raise ValueError(f"There is no statistic {name!r}.")
    return lambda bucket: bucket.quantile(share)


class TimeSeries:
    """Values of one metric with the same dimensions, in buckets of `BUCKET_SECONDS`, for `KEPT_SECONDS`."""

    def __init__(self) -> None:
        self._buckets: dict[int, TimeBucket] = {}
        self.latest = 0.0

    def add(self, at: float, value: float) -> None:
        """Takes a value of that time, in seconds since the epoch."""
        self.latest = value
        number = int(at // BUCKET_SECONDS)
        if number not in self._buckets:
            oldest = max([number, *self._buckets]) - KEPT_SECONDS // BUCKET_SECONDS
            self._buckets = {kept: bucket for kept, bucket in self._buckets.items() if kept > oldest}
        self._buckets.setdefault(number, TimeBucket()).add(value)

    def points(self, *, since: float, period: int, stat: str, origin: int = 0) -> Sequence[Point]:
        """The statistic of each period that has values, oldest first, from the one that `since` is in.

        `period` is in seconds, a multiple of `BUCKET_SECONDS`; periods begin at its multiples, counted from `origin`.

        Raises:
            ValueError: no such statistic, or no such period.
        """
        if period <= 0 or period % BUCKET_SECONDS:
            raise ValueError(f"{period} is no multiple of {BUCKET_SECONDS} seconds.")
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
