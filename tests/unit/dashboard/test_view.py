"""A dashboard's widgets and alarms over the metrics of a stack."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from local_stack.dashboard import alarms
from local_stack.dashboard.definition import Alarm, Dashboard, read_dashboard
from local_stack.dashboard.graph import LineStyle, MetricEntry
from local_stack.dashboard.view import PERIODS, View
from local_stack.metrics.recorder import MetricsRecorder, SeriesKey
from local_stack.sam.cloudformation import TemplateError

APP = "chat-sse/local"
NOW = 1_800_000_005.0


def template(folder: Path, *widgets: dict[str, Any], **more: Any) -> Path:
    """A template with a dashboard of these metric widgets."""
    body = {
        "widgets": [
            {"type": "metric", "x": 0, "y": 6 * row, "width": 24, "height": 6, "properties": properties}
            for row, properties in enumerate(widgets)
        ]
    }
    text = json.dumps(body).replace("APP", "chat-sse/${AWS::StackName}")
    dashboard = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": {"Fn::Sub": text}}}
    file = folder / "template.yaml"
    file.write_text(json.dumps({"Resources": {"Dashboard": dashboard, **more}}))
    return file


def shown(dashboard: Dashboard, metrics: MetricsRecorder, seconds: int = 300) -> dict[str, Any]:
    (widget,) = View(metrics).of(dashboard, seconds)["widgets"]
    found: dict[str, Any] = widget
    return found


def add(metrics: MetricsRecorder, name: str, value: float, at: float | None = None, **more: str) -> None:
    dimensions = tuple(sorted({"service": "chat-stream", **more}.items()))
    metrics.add(SeriesKey(APP, name, dimensions), "Count", time.time() if at is None else at, value)


def by_label(widget: dict[str, Any]) -> dict[str, tuple[float | None, ...]]:
    return {line["label"]: line["values"] for line in widget["lines"]}


def test_a_widget_shows_its_metrics_by_period(tmp_path: Path) -> None:
    metrics = MetricsRecorder()
    add(metrics, "CacheHit", 3)
    add(metrics, "CacheHit", 2)
    dashboard = read_dashboard(
        template(
            tmp_path,
            {
                "title": "Hits",
                "stat": "Sum",
                "metrics": [
                    ["APP", "CacheHit", "service", "chat-stream", {"label": "hits"}],
                    ["APP", "CacheHit", "service", "chat-stream", {"label": "mean", "stat": "Average"}],
                    ["APP", "CacheMiss", "service", "chat-stream"],
                ],
            },
        )
    )

    widget = shown(dashboard, metrics)

    lines = by_label(widget)
    assert [value for value in lines["hits"] if value is not None] == [5]
    assert [value for value in lines["mean"] if value is not None] == [2.5]
    assert lines["CacheMiss"] == (None,) * 30 == (None,) * (300 // PERIODS[300])
    assert [line["counted"] for line in widget["lines"]] == [True, False, True]


def test_expressions_use_metrics_that_are_not_shown_themselves(tmp_path: Path) -> None:
    metrics = MetricsRecorder()
    add(metrics, "CacheHit", 1)
    add(metrics, "CacheMiss", 3)
    hidden = {"visible": False}
    dashboard = read_dashboard(
        template(
            tmp_path,
            {
                "stat": "Sum",
                "metrics": [
                    [{"expression": "100 * hits / (hits + misses)", "id": "rate", "label": "hit rate"}],
                    ["APP", "CacheHit", "service", "chat-stream", {"id": "hits", **hidden}],
                    ["APP", "CacheMiss", "service", "chat-stream", {"id": "misses", **hidden}],
                ],
            },
        )
    )

    lines = by_label(shown(dashboard, metrics))

    assert lines.keys() == {"hit rate"}
    assert [value for value in lines["hit rate"] if value is not None] == [25]


def test_a_search_shows_each_metric_that_it_finds_under_a_label_of_its_own(tmp_path: Path) -> None:
    metrics = MetricsRecorder()
    for model, cost in (("small", 1), ("big", 7)):
        add(metrics, "CostUSD", cost, provider="scripted", model=model)
    add(metrics, "CostUSD", 8)
    query = "SEARCH('{\"APP\",service,provider,model} MetricName=\"CostUSD\"', 'Sum')"
    label = "${!PROP('Dim.model')}"
    dashboard = read_dashboard(template(tmp_path, {"metrics": [[{"expression": query, "label": label}]]}))

    lines = by_label(shown(dashboard, metrics))

    assert {label: sum(value or 0 for value in values) for label, values in lines.items()} == {"big": 7, "small": 1}


def test_a_number_is_of_the_whole_span(tmp_path: Path) -> None:
    metrics = MetricsRecorder()
    for seconds, value in ((5, 1), (200, 2), (1000, 4), (9999, 8)):
        add(metrics, "CacheHit", value, at=time.time() - seconds)
    properties = {
        "view": "singleValue",
        "setPeriodToTimeRange": True,
        "stat": "Sum",
        "metrics": [["APP", "CacheHit", "service", "chat-stream"]],
    }
    dashboard = read_dashboard(template(tmp_path, properties))

    assert [by_label(shown(dashboard, metrics, span))["CacheHit"] for span in PERIODS] == [(3,), (3,), (7,), (15,)]


def test_aws_only_metrics_are_marked_as_absent(tmp_path: Path) -> None:
    dashboard = read_dashboard(
        template(tmp_path, {"metrics": [["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", "T"]]})
    )
    assert "AWS only" in shown(dashboard, MetricsRecorder())["note"]


@pytest.mark.parametrize("body", ["{", '{"widgets": [{"type": "metric"}]}', "[]"])
def test_a_body_that_is_no_dashboard_is_an_error_of_the_template(tmp_path: Path, body: str) -> None:
    file = tmp_path / "template.yaml"
    dashboard = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": body}}
    file.write_text(json.dumps({"Resources": {"Dashboard": dashboard}}))

    with pytest.raises(TemplateError, match="dashboard's body"):
        read_dashboard(file)


@pytest.mark.parametrize(
    "line",
    [
        [{"expression": "ANOMALY_DETECTION_BAND(2)", "id": "band"}],
        [{"expression": "SEARCH('not a search', 'Sum')", "id": "found"}],
        [{"expression": "rate + 1", "id": "rate"}],
        ["APP", "CacheHit", "service", "chat-stream", {"stat": "tm99"}],
    ],
)
def test_unsupported_widgets_are_an_error(tmp_path: Path, line: list[Any]) -> None:
    """Never something else than CloudWatch would show."""
    dashboard = read_dashboard(template(tmp_path, {"metrics": [line]}))
    with pytest.raises(ValueError, match=r"tm99|not supported|Invalid SEARCH|The id rate"):
        View(MetricsRecorder()).of(dashboard, 300)


def alarm(**changes: Any) -> Alarm:
    entry = MetricEntry("", APP, "StreamsFailed", {"service": "chat-stream"}, "Sum", LineStyle())
    settings: dict[str, Any] = {
        "name": "A",
        "description": "",
        "entries": (entry,),
        "period": 60,
        "periods": 3,
        "needed": 2,
        "comparison": "GreaterThanOrEqualToThreshold",
        "threshold": 1,
        "missing": "notBreaching",
    }
    return Alarm(**{**settings, **changes})


@pytest.mark.parametrize(
    ("minutes_ago", "changes", "expected"),
    [
        ([], {}, alarms.OK),
        ([0], {}, alarms.OK),
        ([0, 1], {}, alarms.ALARM),
        ([1, 2], {}, alarms.ALARM),
        ([2, 3], {}, alarms.OK),
        ([0, 1], {"threshold": 2}, alarms.OK),
        ([], {"comparison": "LessThanThreshold", "missing": "breaching"}, alarms.ALARM),
        ([0, 1, 2], {"comparison": "LessThanThreshold", "missing": "breaching"}, alarms.OK),
    ],
)
def test_an_alarm_rings_when_enough_of_its_last_values_are_bad(
    minutes_ago: list[int], changes: dict[str, Any], expected: str
) -> None:
    metrics = MetricsRecorder()
    for minutes in minutes_ago:
        add(metrics, "StreamsFailed", 1, at=NOW - 60 * minutes)

    assert alarms.state(alarm(**changes), metrics, now=NOW, running_since=0) == expected


def test_new_stack_has_no_missing_metrics_yet() -> None:
    waits = alarm(comparison="LessThanThreshold", missing="breaching", needed=3)

    assert alarms.state(waits, MetricsRecorder(), now=NOW, running_since=NOW - 100) == alarms.NO_DATA
    assert alarms.state(waits, MetricsRecorder(), now=NOW, running_since=NOW - 1000) == alarms.ALARM
