"""Metrics that the functions printed (CloudWatch's Embedded Metric Format), as Prometheus text.

Sources: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html and
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_QUANTILES = (0.5, 0.95, 0.99)
_RECENT_VALUES = 1000

Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Series:
    """Values of one metric with the same labels."""

    count: int = 0
    total: float = 0.0
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT_VALUES))

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.recent.append(value)

    def quantile(self, share: float) -> float:
        ordered = sorted(self.recent)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


class Metrics:
    """Adds up what it is shown."""

    def __init__(self) -> None:
        self._counters: dict[str, dict[Labels, _Series]] = {}
        self._summaries: dict[str, dict[Labels, _Series]] = {}

    def take(self, line: str) -> bool:
        """Adds the metrics of a log line; False: the line carries none."""
        if '"_aws"' not in line:
            return False
        try:
            record = json.loads(line)
            directives = record["_aws"]["CloudWatchMetrics"]
            for directive in directives:
                self._add(record, directive)
        except (ValueError, KeyError, TypeError, AttributeError):
            return False
        return True

    def text(self) -> str:
        """Everything so far: counts as counters, the rest as summaries with quantiles of the latest 1000 values."""
        return "".join(f"{line}\n" for line in [*self._counter_lines(), *self._summary_lines()])

    def _add(self, record: Mapping[str, Any], directive: Mapping[str, Any]) -> None:
        namespace = directive.get("Namespace", "")
        names = {name for dimensions in directive.get("Dimensions", []) for name in dimensions}
        labels = tuple(sorted((_snake_case(name), str(record[name])) for name in names if name in record))
        for metric in directive["Metrics"]:
            name = _snake_case(f"{namespace}_{metric['Name']}")
            family = self._counters if metric.get("Unit") == "Count" else self._summaries
            series = family.setdefault(name, {}).setdefault(labels, _Series())
            values = record[metric["Name"]]
            for value in values if isinstance(values, list) else [values]:
                series.add(float(value))

    def _counter_lines(self) -> Iterator[str]:
        for name, by_labels in sorted(self._counters.items()):
            yield f"# TYPE {name}_total counter"
            for labels, series in by_labels.items():
                yield f"{name}_total{_braces(labels)} {series.total:g}"

    def _summary_lines(self) -> Iterator[str]:
        for name, by_labels in sorted(self._summaries.items()):
            yield f"# TYPE {name} summary"
            for labels, series in by_labels.items():
                for share in _QUANTILES:
                    yield f"{name}{_braces((*labels, ('quantile', str(share))))} {series.quantile(share):g}"
                yield f"{name}_sum{_braces(labels)} {series.total:g}"
                yield f"{name}_count{_braces(labels)} {series.count}"


def _snake_case(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-zA-Z0-9_]+", "_", words).strip("_").lower()


def _braces(labels: Labels) -> str:
    if not labels:
        return ""
    escaped = ((name, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")) for name, value in labels)
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"
