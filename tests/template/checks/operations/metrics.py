"""Which metrics a dashboard's widgets and alarms refer to."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SEARCH = re.compile(r"\{\"?([^\",{}]+)\"?((?:,\s*\"?\w+\"?)*)\}([^']*)")
_NAME = re.compile(r"MetricName\s*=\s*\\?\"?(\w+)")


@dataclass(frozen=True, slots=True)
class Reference:
    """A metric to show; a dimension's value is None if any will do."""

    namespace: str
    name: str
    dimensions: Mapping[str, str | None]


def of_widget(metrics: Sequence[Sequence[Any]]) -> Iterator[Reference]:
    """Of a widget's `metrics`: arrays of namespace, name, dimensions, where "." and "..." repeat the line before.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    before: list[str] = []
    for line in metrics:
        options = line[-1] if line and isinstance(line[-1], Mapping) else {}
        words = [word for word in line if not isinstance(word, Mapping)]
        if "expression" in options:
            yield from of_expression(options["expression"])
            continue
        if words[0] == "...":
            words = before[: len(before) - len(words) + 1] + words[1:]
        words = [before[index] if word == "." else word for index, word in enumerate(words)]
        before = words
        yield Reference(words[0], words[1], dict(zip(words[2::2], words[3::2], strict=True)))


def of_expression(expression: str) -> Iterator[Reference]:
    """Of the searches in it: SEARCH('{namespace,dimension,...} MetricName="name" ...', 'Sum')."""
    for namespace, dimensions, rest in _SEARCH.findall(expression) if "SEARCH" in expression else ():
        names = [name.strip(' "') for name in dimensions.split(",") if name.strip(' "')]
        values = {name: match[1] for name in names if (match := re.search(rf'\b{name}\s*=\s*"?([\w-]+)', rest))}
        for name in _NAME.findall(rest):
            yield Reference(namespace, name, {**dict.fromkeys(names), **values})


def of_alarm(alarm: Mapping[str, Any]) -> Iterator[Reference]:
    """Of an alarm, on one metric or on several."""
    if "MetricName" in alarm:
        yield _of_metric(alarm)
    for query in alarm.get("Metrics", []):
        if "MetricStat" in query:
            yield _of_metric(query["MetricStat"]["Metric"])
        else:
            yield from of_expression(query["Expression"])


def _of_metric(metric: Mapping[str, Any]) -> Reference:
    dimensions = {item["Name"]: item["Value"] for item in metric.get("Dimensions", [])}
    return Reference(metric["Namespace"], metric["MetricName"], dimensions)
