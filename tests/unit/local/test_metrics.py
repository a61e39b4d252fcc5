"""EMF lines as Prometheus text and as time series."""

import json

import pytest

from chat.metrics import EmfMetrics, Metric, ModelLabels
from local_stack.metrics.recorder import MetricsRecorder, SeriesKey
from local_stack.metrics.time_series import KEPT_SECONDS, MAX_VALUES, Point


def emf(*, unit: str, value: object, name: str = "TimeToFirstTokenMs", at: float = 0, **dimensions: str) -> str:
    directive = {
        "Namespace": "chat-sse",
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": unit}],
    }
    return json.dumps({"_aws": {"Timestamp": at * 1000, "CloudWatchMetrics": [directive]}, name: value, **dimensions})


def test_counts_add_up_by_labels() -> None:
    metrics = MetricsRecorder()
    for service in ("a", "a", 'b"\n\\'):
        assert metrics.record_line(emf(name="StreamsCompleted", unit="Count", value=[1.0], service=service))

    assert metrics.text().splitlines() == [
        "# TYPE chat_sse_streams_completed_total counter",
        'chat_sse_streams_completed_total{service="a"} 2',
        r'chat_sse_streams_completed_total{service="b\"\n\\"} 1',
    ]


def test_durations_are_summaries() -> None:
    metrics = MetricsRecorder()
    metrics.record_line(emf(unit="Milliseconds", value=list(range(1, 101))))

    assert metrics.text().splitlines() == [
        "# TYPE chat_sse_time_to_first_token_ms summary",
        'chat_sse_time_to_first_token_ms{quantile="0.5"} 50',
        'chat_sse_time_to_first_token_ms{quantile="0.95"} 95',
        'chat_sse_time_to_first_token_ms{quantile="0.99"} 99',
        "chat_sse_time_to_first_token_ms_sum 5050",
        "chat_sse_time_to_first_token_ms_count 100",
    ]


def test_each_dimension_set_is_a_series_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    emf_metrics, metrics = EmfMetrics("chat-sse/local", "chat-stream"), MetricsRecorder()
    for model in ("small", "small", "big"):
        emf_metrics.publish(
            {Metric.STREAMS_COMPLETED: 1, Metric.STREAMS_RESUMED: 1}, model=ModelLabels("scripted", model)
        )
    for line in capsys.readouterr().out.splitlines():
        assert metrics.record_line(line)

    assert metrics.text().splitlines() == [
        "# TYPE chat_sse_local_streams_completed_total counter",
        'chat_sse_local_streams_completed_total{model="big",provider="scripted",service="chat-stream"} 1',
        'chat_sse_local_streams_completed_total{model="small",provider="scripted",service="chat-stream"} 2',
        'chat_sse_local_streams_completed_total{service="chat-stream"} 3',
        "# TYPE chat_sse_local_streams_resumed_total counter",
        'chat_sse_local_streams_resumed_total{service="chat-stream"} 3',
    ]
    big = (("model", "big"), ("provider", "scripted"), ("service", "chat-stream"))
    by_model = metrics.find("chat-sse/local", "StreamsCompleted", ["service", "provider", "model"])
    assert by_model[0] == SeriesKey("chat-sse/local", "StreamsCompleted", big)
    assert [dict(key.dimensions)["model"] for key in by_model] == ["big", "small"]
    assert len(metrics.find()) == 4


def test_gauges_show_their_latest_value() -> None:
    metrics = MetricsRecorder()
    for value in (7, 3):
        metrics.record_line(emf(name="ActiveSessions", unit="Count", value=value, service="chat-cleanup"))

    assert metrics.text().splitlines() == [
        "# TYPE chat_sse_active_sessions gauge",
        'chat_sse_active_sessions{service="chat-cleanup"} 3',
    ]


@pytest.mark.parametrize(
    ("stat", "values"),
    [
        ("Sum", [6, 22]),
        ("Average", [2, 5.5]),
        ("Minimum", [1, 4]),
        ("Maximum", [3, 7]),
        ("SampleCount", [3, 4]),
        ("p50", [2, 5]),
        ("p99.9", [3, 7]),
        ("p0", [1, 4]),
    ],
)
def test_series_have_a_statistic_for_each_period_with_values(stat: str, values: list[float]) -> None:
    """From the period that holds `since`; the minute from 1140 has no value, and is no point."""
    metrics = MetricsRecorder()
    for at, value in ((1019, 100), (1020, [3]), (1079, [1, 2]), (1080, [5, 4]), (1090, 6), (1139, 7), (1200, 8)):
        metrics.record_line(emf(unit="Milliseconds", value=value, at=at, service="a"))
    metrics.record_line(emf(unit="Milliseconds", value=1000, at=1020, service="b"))

    points = metrics.series("chat-sse", "TimeToFirstTokenMs", {"service": "a"}, since=1050, period=60, stat=stat)

    assert [point.start for point in points] == [1020, 1080, 1200]
    assert [point.value for point in points[:2]] == values


@pytest.mark.parametrize(("period", "stat"), [(0, "Sum"), (15, "Sum"), (60, "Median"), (60, "p101"), (60, "pp50")])
def test_series_are_not_made_up(period: int, stat: str) -> None:
    with pytest.raises(ValueError, match=stat if period == 60 else str(period)):
        MetricsRecorder().series("chat-sse", "TimeToFirstTokenMs", {}, since=0, period=period, stat=stat)
    assert MetricsRecorder().series("chat-sse", "Unknown", {}, since=0, period=60, stat="Sum") == []


def test_memory_is_bounded() -> None:
    """Of very many values the sum is of all, and what is older than the time kept is forgotten."""
    metrics = MetricsRecorder()
    for _ in range(3):
        metrics.record_line(emf(unit="Milliseconds", value=list(range(MAX_VALUES)), at=100, service="a"))
    dimensions = {"service": "a"}
    (point,) = metrics.series("chat-sse", "TimeToFirstTokenMs", dimensions, since=0, period=10, stat="SampleCount")
    assert point == Point(100, 3 * MAX_VALUES)

    metrics.record_line(emf(unit="Milliseconds", value=1, at=100 + KEPT_SECONDS, service="a"))

    (point,) = metrics.series("chat-sse", "TimeToFirstTokenMs", dimensions, since=0, period=10, stat="Sum")
    assert point == Point(100 + KEPT_SECONDS, 1)
    assert f'_count{{service="a"}} {3 * MAX_VALUES + 1}\n' in metrics.text()


@pytest.mark.parametrize(
    "line", ["", "plain text", '{"a":1}', '{"_aws":1}', '"_aws"', '{"_aws":{"CloudWatchMetrics":[{}]}}']
)
def test_other_lines_are_left_alone(line: str) -> None:
    metrics = MetricsRecorder()

    assert not metrics.record_line(line)
    assert metrics.text() == ""


def test_nothing_yet_is_nothing() -> None:
    assert MetricsRecorder().text() == ""
