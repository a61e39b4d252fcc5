"""EMF lines as Prometheus text."""

import json

import pytest

from local_stack.metrics import Metrics


def emf(*, unit: str, value: object, name: str = "TimeToFirstTokenMs", **dimensions: str) -> str:
    directive = {
        "Namespace": "chat-sse",
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": unit}],
    }
    return json.dumps({"_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]}, name: value, **dimensions})


def test_counts_add_up_by_labels() -> None:
    metrics = Metrics()
    for service in ("a", "a", 'b"\n\\'):
        assert metrics.take(emf(name="StreamsCompleted", unit="Count", value=[1.0], service=service))

    assert metrics.text().splitlines() == [
        "# TYPE chat_sse_streams_completed_total counter",
        'chat_sse_streams_completed_total{service="a"} 2',
        r'chat_sse_streams_completed_total{service="b\"\n\\"} 1',
    ]


def test_durations_are_summaries() -> None:
    metrics = Metrics()
    metrics.take(emf(unit="Milliseconds", value=list(range(1, 101))))

    assert metrics.text().splitlines() == [
        "# TYPE chat_sse_time_to_first_token_ms summary",
        'chat_sse_time_to_first_token_ms{quantile="0.5"} 51',
        'chat_sse_time_to_first_token_ms{quantile="0.95"} 96',
        'chat_sse_time_to_first_token_ms{quantile="0.99"} 100',
        "chat_sse_time_to_first_token_ms_sum 5050",
        "chat_sse_time_to_first_token_ms_count 100",
    ]


@pytest.mark.parametrize(
    "line", ["", "plain text", '{"a":1}', '{"_aws":1}', '"_aws"', '{"_aws":{"CloudWatchMetrics":[{}]}}']
)
def test_other_lines_are_left_alone(line: str) -> None:
    metrics = Metrics()

    assert not metrics.take(line)
    assert metrics.text() == ""


def test_nothing_yet_is_nothing() -> None:
    assert Metrics().text() == ""
