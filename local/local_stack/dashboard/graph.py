"""Evaluates the metrics and expressions of one widget or one alarm to lines."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from local_stack.dashboard.lines import Line, Window
from local_stack.dashboard.metric_math import MetricMathError, Value, evaluate
from local_stack.dashboard.search import parse_search
from local_stack.metrics.recorder import MetricsRecorder, SeriesKey

_PROPERTY = re.compile(r"\$\{PROP\('([^']+)'\)\}")


@dataclass(frozen=True, slots=True)
class LineStyle:
    """How a line is shown; an empty label shows the metric's name."""

    label: str = ""
    color: str = ""
    visible: bool = True


@dataclass(frozen=True, slots=True)
class MetricEntry:
    """One metric's statistic."""

    identifier: str
    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    style: LineStyle = field(default_factory=LineStyle)


@dataclass(frozen=True, slots=True)
class ExpressionEntry:
    """Metric math over the other entries."""

    identifier: str
    expression: str
    style: LineStyle = field(default_factory=LineStyle)


type Entry = MetricEntry | ExpressionEntry


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """A line with its label. `searched`: the line is a result of a SEARCH expression."""

    label: str
    color: str
    searched: bool
    line: Line


class Graph:
    """Evaluates entries over one window; a `metric_math.Terms`."""

    def __init__(self, entries: Sequence[Entry], metrics: MetricsRecorder, window: Window) -> None:
        self._entries = entries
        self._metrics = metrics
        self._window = window
        self._open: set[str] = set()
        self.period = window.period
        self.count = window.count

    def labelled_lines(self) -> list[LabelledLine]:
        """The visible lines in the template's order; a search gives one line for each metric found.

        Raises:
            MetricMathError, SearchError: an expression is invalid or not supported.
        """
        return [line for entry in self._entries if entry.style.visible for line in self._labelled(entry)]

    def named(self, identifier: str) -> Value:
        entry = next((entry for entry in self._entries if entry.identifier == identifier), None)
        if entry is None or identifier in self._open:
            raise MetricMathError(f"The id {identifier} is undefined or refers to itself.")
        self._open.add(identifier)
        try:
            return self._value(entry)
        finally:
            self._open.remove(identifier)

    def metrics(self) -> list[Line]:
        return [self._line(entry) for entry in self._entries if isinstance(entry, MetricEntry)]

    def search(self, query: str, statistic: str) -> list[Line]:
        search = parse_search(query)
        found = self._metrics.find(search.namespace, search.metric, search.dimension_names)
        return [self._series(key, statistic) for key in found if search.fits(dict(key.dimensions))]

    def _labelled(self, entry: Entry) -> Iterable[LabelledLine]:
        value = self._value(entry)
        style = entry.style
        for line in value if isinstance(value, list) else [value]:
            if not isinstance(line, Line):
                raise MetricMathError(f"{entry.identifier} is not a time series.")
            yield LabelledLine(
                _label(style.label, line) or entry.identifier, style.color, isinstance(value, list), line
            )

    def _value(self, entry: Entry) -> Value:
        return evaluate(entry.expression, self) if isinstance(entry, ExpressionEntry) else self._line(entry)

    def _line(self, entry: MetricEntry) -> Line:
        return self._series(
            SeriesKey(entry.namespace, entry.name, tuple(sorted(entry.dimensions.items()))), entry.statistic
        )

    def _series(self, key: SeriesKey, statistic: str) -> Line:
        window = self._window
        points = dict(
            self._metrics.series(
                key.namespace,
                key.name,
                dict(key.dimensions),
                since=window.start,
                period=window.period,
                stat=statistic,
                origin=window.start,
            )
        )
        values = tuple(points.get(window.start + number * window.period) for number in range(window.count))
        properties = {"MetricName": key.name, **{f"Dim.{name}": value for name, value in key.dimensions}}
        return Line(values, self._metrics.unit(key), statistic == "Sum", properties)


def _label(label: str, line: Line) -> str:
    """A label with its ${PROP(...)} references resolved; the metric's name if it is empty."""
    if not label:
        return line.properties.get("MetricName", "")
    return _PROPERTY.sub(lambda match: line.properties.get(match[1], ""), label)
