"""EMF records as they are written: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
CloudWatch_Embedded_Metric_Format_Specification.html
"""

import contextlib
import io
import json
import threading
import time
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from hypothesis import given
from hypothesis import strategies as st

from chat.metrics import EmfMetrics, Metric, ModelLabels, build_metrics
from chat.metrics.emf import MAX_VALUES

MODEL = ModelLabels("openai", "gpt")


class Output:
    """What was written, as records."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def records(self) -> list[dict[str, Any]]:
        return records_in(self._capsys.readouterr().out)


def records_in(text: str) -> list[dict[str, Any]]:
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Output:
    return Output(capsys)


@pytest.fixture
def metrics() -> EmfMetrics:
    return EmfMetrics("chat-sse/stack", "chat-stream")


def test_record_has_values_dimensions_and_log_fields(output: Output, metrics: EmfMetrics) -> None:
    before = time.time() * 1000

    metrics.publish(
        {Metric.STREAMS_COMPLETED: 1, Metric.TIME_TO_FIRST_TOKEN_MS: 12.5},
        model=MODEL,
        session_id="session",
        absent=None,
        **{"gen_ai.response.finish_reasons": ["stop"]},
    )

    (record,) = output.records()
    root = record.pop("_aws")
    assert before - 1 <= root["Timestamp"] <= time.time() * 1000
    assert root["CloudWatchMetrics"] == [
        {
            "Namespace": "chat-sse/stack",
            "Dimensions": [["service"], ["service", "provider", "model"]],
            "Metrics": [
                {"Name": "StreamsCompleted", "Unit": "Count"},
                {"Name": "TimeToFirstTokenMs", "Unit": "Milliseconds"},
            ],
        }
    ]
    assert record == {
        "service": "chat-stream",
        "provider": "openai",
        "model": "gpt",
        "StreamsCompleted": 1,
        "TimeToFirstTokenMs": 12.5,
        "session_id": "session",
        "gen_ai.response.finish_reasons": ["stop"],
    }


def test_metrics_without_a_model_have_no_model_dimension(output: Output, metrics: EmfMetrics) -> None:
    """In the same record: each group of metrics has dimension sets of its own."""
    metrics.publish({Metric.STREAMS_COMPLETED: 1, Metric.STREAMS_RESUMED: 1, Metric.CACHE_ERROR: 3}, model=MODEL)

    (record,) = output.records()
    directives = {
        tuple(metric["Name"] for metric in directive["Metrics"]): directive["Dimensions"]
        for directive in record["_aws"]["CloudWatchMetrics"]
    }
    assert directives == {
        ("StreamsResumed", "CacheError"): [["service"]],
        ("StreamsCompleted",): [["service"], ["service", "provider", "model"]],
    }
    assert record["CacheError"] == 3


def test_without_a_model_there_is_one_dimension(output: Output, metrics: EmfMetrics) -> None:
    metrics.publish({Metric.STREAMS_COMPLETED: 1})

    (record,) = output.records()
    assert record["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    assert record.keys() == {"_aws", "service", "StreamsCompleted"}


@given(st.dictionaries(st.sampled_from(Metric), st.lists(st.floats(width=32), max_size=3 * MAX_VALUES), max_size=3))
def test_all_finite_values_are_published_once_within_cloudwatchs_limits(values: dict[Metric, list[float]]) -> None:
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        EmfMetrics("chat-sse", "chat-stream").publish(values, model=MODEL)

    found: dict[str, list[float]] = {}
    for record in records_in(written.getvalue()):
        for directive in record["_aws"]["CloudWatchMetrics"]:
            assert len(directive["Metrics"]) <= 100
            for metric in directive["Metrics"]:
                given_values = record[metric["Name"]]
                listed = given_values if isinstance(given_values, list) else [given_values]
                assert 0 < len(listed) <= 100
                found.setdefault(metric["Name"], []).extend(listed)
    wanted = {
        metric.value: [value for value in given_values if abs(value) < float("inf")]
        for metric, given_values in values.items()
    }
    assert found == {name: finite for name, finite in wanted.items() if finite}


@pytest.mark.parametrize("values", [{}, {Metric.CACHE_HIT: []}, {Metric.COST_USD: float("nan")}])
def test_nothing_is_published_of_nothing(output: Output, metrics: EmfMetrics, values: dict[Metric, Any]) -> None:
    metrics.publish(values, session_id="session")

    assert output.records() == []


def test_records_carry_the_request_id_of_log_lines(output: Output, metrics: EmfMetrics) -> None:
    logger = Logger()
    logger.thread_safe_append_keys(function_request_id="request")
    try:
        metrics.publish({Metric.CACHE_HIT: 1})
    finally:
        logger.thread_safe_clear_keys()

    assert output.records()[0]["function_request_id"] == "request"


def test_output_that_fails_fails_nobody(metrics: EmfMetrics) -> None:
    class Broken(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError("no space left")

    with contextlib.redirect_stdout(Broken()):
        metrics.publish({Metric.CACHE_HIT: 1})


def test_metrics_can_be_switched_off_as_powertools_says(
    monkeypatch: pytest.MonkeyPatch, output: Output, metrics: EmfMetrics
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")

    metrics.publish({Metric.CACHE_HIT: 1})

    assert output.records() == []


def test_environment_says_whose_metrics_they_are(output: Output) -> None:
    environ = {"POWERTOOLS_METRICS_NAMESPACE": "chat-sse/prod", "POWERTOOLS_SERVICE_NAME": "chat-start"}

    build_metrics(environ).publish({Metric.SESSIONS_STARTED: 1})

    (record,) = output.records()
    assert record["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "chat-sse/prod"
    assert record["service"] == "chat-start"


def test_threads_share_one_object_and_no_record(output: Output, metrics: EmfMetrics) -> None:
    """Every record has the values, the model and the log fields of one call, and lines never mix."""

    def publish(number: int) -> None:
        for repeat in range(100):
            values = {Metric.INPUT_TOKENS: number, Metric.OUTPUT_TOKENS: repeat, Metric.STREAMS_RESUMED: number}
            metrics.publish(values, model=ModelLabels("provider", str(number)), session_id=f"{number}-{repeat}")

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    records = output.records()
    assert len({record["session_id"] for record in records}) == len(records) == 800
    for record in records:
        number, repeat = map(int, record["session_id"].split("-"))
        assert (record["InputTokens"], record["OutputTokens"], record["StreamsResumed"]) == (number, repeat, number)
        assert record["model"] == str(number)
