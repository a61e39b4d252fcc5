"""Builds the dashboard page's JSON: widgets with their values."""

import time
from collections.abc import Mapping
from typing import Any

from chat.metrics import Service
from local_stack.dashboard import alarms
from local_stack.dashboard.definition import Dashboard, Widget
from local_stack.dashboard.graph import Graph, LabelledLine, MetricEntry
from local_stack.dashboard.lines import Window
from local_stack.metrics.recorder import MetricsRecorder
from local_stack.sam.cloudformation import TemplateError

PERIODS = {300: 10, 900: 30, 3600: 60, 10800: 180}
"""The time spans that the page offers and the period of each, in seconds."""
_CLEANUP = "The cleanup function reports this once a run, every five minutes."
_ABSENT = {
    "AWS/DynamoDB": "DynamoDB's own metrics exist in AWS only.",
    "AWS/ElastiCache": "ElastiCache's own metrics exist in AWS only.",
    "AWS/SQS": "SQS's own metrics exist in AWS only.",
}


class View:
    """One dashboard over the metrics of a running stack."""

    def __init__(self, metrics: MetricsRecorder) -> None:
        self._metrics = metrics
        self._since = time.time()

    def of(self, dashboard: Dashboard, seconds: int) -> dict[str, Any]:
        """JSON for the page, over the last `seconds` (one of `PERIODS`).

        Raises:
            TemplateError: an alarm is not in the template.
            MetricMathError, SearchError, ValueError: an expression or a statistic is not supported.
        """
        now, period = time.time(), PERIODS[seconds]
        window = Window.until_now(period, seconds // period, now)
        return {
            "start": window.start,
            "period": period,
            "count": window.count,
            "now": now,
            "widgets": [self._widget(dashboard, widget, window, now) for widget in dashboard.widgets],
        }

    def _widget(self, dashboard: Dashboard, widget: Widget, window: Window, now: float) -> dict[str, Any]:
        place = widget.place
        common = {"type": widget.kind, "place": [place.x, place.y, place.width, place.height]}
        if widget.kind == "text":
            return {**common, "markdown": widget.properties["markdown"]}
        common["title"] = widget.properties.get("title", "")
        if widget.kind == "alarm":
            return {**common, "alarms": [self._alarm(dashboard, arn, now) for arn in widget.properties["alarms"]]}
        return {**common, **self._metric(widget, window)}

    def _alarm(self, dashboard: Dashboard, arn: str, now: float) -> dict[str, str]:
        alarm = (dashboard.alarms or {}).get(arn)
        if alarm is None:
            raise TemplateError(f"The dashboard shows {arn}, which is not an alarm of the template.")
        state = alarms.state(alarm, self._metrics, now=now, running_since=self._since)
        return {"name": alarm.name, "description": alarm.description, "state": state}

    def _metric(self, widget: Widget, window: Window) -> dict[str, Any]:
        properties = widget.properties
        axis = properties.get("yAxis", {}).get("left", {})
        if properties.get("setPeriodToTimeRange"):
            window = Window(window.start, window.period * window.count, 1)
        return {
            "view": properties.get("view", "timeSeries"),
            "stacked": properties.get("stacked", False),
            "sparkline": properties.get("sparkline", False),
            "unit": axis.get("label", ""),
            "max": axis.get("max"),
            "marks": properties.get("annotations", {}).get("horizontal", []),
            "note": _note(widget),
            "lines": [_line(labelled) for labelled in Graph(widget.entries, self._metrics, window).labelled_lines()],
        }


def _note(widget: Widget) -> str:
    """Explains an empty widget: all its metrics exist in AWS only, or come from the cleanup function."""
    dimensions = [entry.dimensions for entry in widget.entries if isinstance(entry, MetricEntry)]
    if {found["service"] for found in dimensions if "service" in found} == {Service.CLEANUP}:
        return _CLEANUP
    namespaces = {entry.namespace if isinstance(entry, MetricEntry) else _namespace(entry) for entry in widget.entries}
    notes = [_ABSENT.get(namespace, "") for namespace in sorted(namespaces)]
    return " ".join(notes) if all(notes) else ""


def _namespace(entry: Any) -> str:
    return next((namespace for namespace in _ABSENT if namespace in entry.expression), "")


def _line(labelled: LabelledLine) -> Mapping[str, Any]:
    line = labelled.line
    return {
        "label": labelled.label,
        "color": labelled.color,
        "unit": line.unit,
        "searched": labelled.searched,
        "counted": line.counted,
        "values": line.values,
    }
