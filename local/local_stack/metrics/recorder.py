"""Records metrics that functions print in CloudWatch's Embedded Metric Format; exports Prometheus text and time series.

As in CloudWatch, each dimension set of a metric is a separate series. Sources:
docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html and
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chat.metrics.catalogue import GAUGES
from local_stack.metrics.time_series import Point, TimeBucket, TimeSeries

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MAX_SERIES = 10_000
_GAUGES = GAUGES | {"ConcurrentExecutions"}
_QUANTILES = (0.5, 0.95, 0.99)

type Dimensions = tuple[tuple[str, str], ...]
"""Names and values, sorted by name."""


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Identifies a series."""

    namespace: str
    name: str
    dimensions: Dimensions


@dataclass(slots=True)
class _Series:
    """One metric with one set of dimensions: totals and time series."""

    unit: str
    all: TimeBucket = field(default_factory=TimeBucket)
    by_time: TimeSeries = field(default_factory=TimeSeries)

    def add(self, at: float, value: float) -> None:
        self.all.add(value)
        self.by_time.add(at, value)


class MetricsRecorder:
    """Stores metrics by series, up to `MAX_SERIES`."""

    def __init__(self) -> None:
        self._series: dict[SeriesKey, _Series] = {}

    def record_line(self, line: str) -> bool:
        """Adds the metrics of a log line; False if the line has no valid metrics."""
        if '"_aws"' not in line:
            return False
        try:
            record = json.loads(line)
            at = record["_aws"]["Timestamp"] / 1000
            found = [item for directive in record["_aws"]["CloudWatchMetrics"] for item in _items(record, directive)]
        except (ValueError, KeyError, TypeError, AttributeError):
            return False
        for key, unit, values in found:
            self.add(key, unit, at, *values)
        return True

    def add(self, key: SeriesKey, unit: str, at: float, *values: float) -> None:
        """Adds values at the time `at`, in seconds since the epoch."""
        if key in self._series or len(self._series) < MAX_SERIES:
            series = self._series.setdefault(key, _Series(unit))
            for value in values:
                series.add(at, value)

    def unit(self, key: SeriesKey) -> str:
        """The series' unit in CloudWatch's terms; empty for an unknown series."""
        return self._series[key].unit if key in self._series else ""

    def find(
        self, namespace: str | None = None, name: str | None = None, dimension_names: Sequence[str] | None = None
    ) -> list[SeriesKey]:
        """The matching series, sorted; None matches all, dimension names match in any order."""
        names = None if dimension_names is None else sorted(dimension_names)
        return sorted(
            (
                key
                for key in self._series
                if namespace in {None, key.namespace}
                and name in {None, key.name}
                and names in (None, [dimension for dimension, _ in key.dimensions])
            ),
            key=lambda key: (key.namespace, key.name, key.dimensions),
        )

    def series(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        *,
        since: float,
        period: int,
        stat: str,
        origin: int = 0,
    ) -> Sequence[Point]:
        """A statistic of the series with exactly these dimensions, oldest period first; see `TimeSeries.points`.

        Empty for an unknown series.

        Raises:
            ValueError: unknown statistic or invalid period.
        """
        found = self._series.get(SeriesKey(namespace, name, tuple(sorted(dimensions.items()))))
        by_time = found.by_time if found else TimeSeries()
        return by_time.points(since=since, period=period, stat=stat, origin=origin)

    def text(self) -> str:
        """All series as Prometheus text: counts as counters, gauges as the latest value, others as summaries.

        Quantiles cover the latest 1000 values.
        """
        families: dict[str, list[tuple[SeriesKey, _Series]]] = {}
        for key in self.find():
            families.setdefault(_snake_case(f"{key.namespace}_{key.name}"), []).append((key, self._series[key]))
        return "".join(f"{line}\n" for name, family in families.items() for line in _family_lines(name, family))


def _items(record: Mapping[str, Any], directive: Mapping[str, Any]) -> Iterator[tuple[SeriesKey, str, list[float]]]:
    for metric in directive["Metrics"]:
        given = record[metric["Name"]]
        values = [float(value) for value in (given if isinstance(given, list) else [given])]
        if not all(map(math.isfinite, values)):
            raise ValueError("not a number")
        for names in directive.get("Dimensions") or [[]]:
            dimensions = tuple(sorted((name, str(record[name])) for name in names))
            yield SeriesKey(directive.get("Namespace", ""), metric["Name"], dimensions), metric.get("Unit", ""), values


def _family_lines(name: str, family: Sequence[tuple[SeriesKey, _Series]]) -> Iterator[str]:
    """The lines of one metric name; its series share one unit."""
    key, first = family[0]
    if key.name in _GAUGES:
        yield f"# TYPE {name} gauge"
        for key, series in family:
            yield f"{name}{_braces(key.dimensions)} {series.by_time.latest:g}"
    elif first.unit == "Count":
        yield f"# TYPE {name}_total counter"
        for key, series in family:
            yield f"{name}_total{_braces(key.dimensions)} {_number(series.all.total)}"
    else:
        yield f"# TYPE {name} summary"
        for key, series in family:
            yield from _summary_lines(name, key.dimensions, series.all)


def _summary_lines(name: str, dimensions: Dimensions, values: TimeBucket) -> Iterator[str]:
    for share in _QUANTILES:
        yield f"{name}{_braces((*dimensions, ('quantile', str(share))))} {values.quantile(share):g}"
    yield f"{name}_sum{_braces(dimensions)} {_number(values.total)}"
    yield f"{name}_count{_braces(dimensions)} {values.count}"


def _number(value: float) -> str:
    """Formats a sum with up to 12 digits; `:g` alone has six."""
    return f"{value:.12g}"


def _snake_case(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-zA-Z0-9_]+", "_", words).strip("_").lower()


def _braces(labels: Dimensions) -> str:
    if not labels:
        return ""
    escaped = ((name, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")) for name, value in labels)
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"
