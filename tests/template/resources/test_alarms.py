"""Each alarm rings of what it is there for, and not of less: the alarms as written, over values made up here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import pytest

from artefacts.sam import ROOT
from local_stack.dashboard import alarms
from local_stack.dashboard.definition import Alarm, read_dashboard
from local_stack.metrics.recorder import MetricsRecorder, SeriesKey

NOW = 1_800_000_010.0
"""Some seconds into a period of five minutes."""

INDEXES = {"SessionsTable": "SessionsByBucket", "ChatsTable": "ChatsByActivity"}
TABLES = ("SessionsTable", "ChatsTable", "UsersTable", "IdempotencyTable")

type Values = Mapping[SeriesKey, Sequence[float]]
"""What each metric has in one period."""


@dataclass(frozen=True)
class Occasion:
    """Values in the latest periods, and what the alarm makes of them."""

    alarm: str
    periods: tuple[Values, ...]
    expected: str

    def __str__(self) -> str:
        metrics = sorted({f"{key.name} {key.dimensions[-1][1]}" for values in self.periods for key in values})
        return f"{self.alarm}-{self.expected}-{len(self.periods)}x {', '.join(metrics)}"


def metric(namespace: str, name: str, **dimensions: str) -> SeriesKey:
    return SeriesKey(namespace, name, tuple(sorted(dimensions.items())))


def own(name: str, service: str = "chat-stream") -> SeriesKey:
    return metric("chat-sse/local", name, service=service)


def at_the_edge(alarm: str, values: Values, *, periods: int) -> Iterator[Occasion]:
    """Rings after so many periods with these values, and not after one less."""
    yield Occasion(alarm, (values,) * periods, alarms.ALARM)
    yield Occasion(alarm, (values,) * (periods - 1), alarms.OK)


def of_lambda() -> Iterator[Occasion]:
    for name in ("Start", "Stream", "History"):
        for failures in ("Errors", "Url5xxCount"):
            key = metric("AWS/Lambda", failures, FunctionName=f"{name}Function")
            yield from at_the_edge(f"{name}ErrorsAlarm", {key: [1]}, periods=2)
    errors = metric("AWS/Lambda", "Errors", FunctionName="CleanupFunction")
    yield from at_the_edge("CleanupErrorsAlarm", {errors: [1]}, periods=2)
    for name in ("Start", "Stream", "History", "Cleanup"):
        throttles = metric("AWS/Lambda", "Throttles", FunctionName=f"{name}Function")
        yield from at_the_edge("ThrottlesAlarm", {throttles: [1]}, periods=2)


def of_answers() -> Iterator[Occasion]:
    failed, completed, stopped = own("StreamsFailed"), own("StreamsCompleted"), own("StreamsStopped")
    yield from at_the_edge("FailedStreamsAlarm", {failed: [1] * 2, completed: [1] * 8, stopped: [1] * 2}, periods=2)
    yield from at_the_edge("FailedStreamsAlarm", {failed: [1] * 10}, periods=2)  # nothing works
    yield Occasion("FailedStreamsAlarm", ({failed: [1], completed: [1] * 9},) * 3, alarms.OK)
    yield Occasion("FailedStreamsAlarm", ({failed: [1] * 9},) * 3, alarms.OK)  # a few

    errors, answered = own("ProviderError"), own("OutputTokens")
    yield from at_the_edge("ProviderErrorsAlarm", {errors: [1] * 3, answered: [400] * 9}, periods=2)
    yield from at_the_edge("ProviderErrorsAlarm", {errors: [1] * 10}, periods=2)
    yield Occasion("ProviderErrorsAlarm", ({errors: [1] * 2, answered: [400] * 8},) * 3, alarms.OK)
    yield Occasion("ProviderErrorsAlarm", ({errors: [1] * 9},) * 3, alarms.OK)

    first = own("TimeToFirstTokenMs")
    yield from at_the_edge("FirstTokenAlarm", {first: [300] * 9 + [5001]}, periods=2)
    yield Occasion("FirstTokenAlarm", ({first: [300] * 9 + [5000]},) * 3, alarms.OK)
    yield Occasion("FirstTokenAlarm", ({first: [300] * 95 + [9000] * 5},) * 3, alarms.OK)
    yield Occasion("FirstTokenAlarm", ({first: [9000] * 9},) * 3, alarms.OK)


def of_the_cleanup() -> Iterator[Occasion]:
    run = own("ActiveSessions", "chat-cleanup")
    yield Occasion("CleanupMissingAlarm", (), alarms.ALARM)
    yield Occasion("CleanupMissingAlarm", ({run: [0]},), alarms.OK)
    stuck = own("OldestStuckSeconds", "chat-cleanup")
    yield from at_the_edge("StuckSessionsAlarm", {stuck: [1801]}, periods=2)
    yield Occasion("StuckSessionsAlarm", ({stuck: [1800]},) * 2, alarms.OK)
    queue = metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName="CleanupDeadLetters.QueueName")
    yield from at_the_edge("DeadLettersAlarm", {queue: [1]}, periods=1)


def of_dynamodb() -> Iterator[Occasion]:
    for kind in ("Read", "Write"):
        name = f"{kind}ThrottleEvents"
        for table in TABLES:
            throttles = metric("AWS/DynamoDB", name, TableName=table)
            yield from at_the_edge(f"{kind}ThrottlesAlarm", {throttles: [1]}, periods=2)
        for table, index in INDEXES.items():
            throttles = metric("AWS/DynamoDB", name, TableName=table, GlobalSecondaryIndexName=index)
            yield from at_the_edge(f"{kind}ThrottlesAlarm", {throttles: [1]}, periods=2)


OCCASIONS = [*of_lambda(), *of_answers(), *of_the_cleanup(), *of_dynamodb()]


@cache
def written() -> Mapping[str, Alarm]:
    found = read_dashboard(ROOT / "template.yaml").alarms or {}
    return {alarm.name: alarm for alarm in found.values()}


@pytest.mark.parametrize("occasion", OCCASIONS, ids=str)
def test_alarm_rings_of_what_it_is_there_for(occasion: Occasion) -> None:
    alarm, metrics = written()[occasion.alarm], MetricsRecorder()
    for ago, values in enumerate(occasion.periods):
        for key, found in values.items():
            metrics.add(key, "Count", NOW - ago * alarm.period, *found)
    assert alarms.state(alarm, metrics, now=NOW, running_since=0) == occasion.expected


def test_each_alarm_has_an_occasion_to_ring() -> None:
    assert {occasion.alarm for occasion in OCCASIONS if occasion.expected == alarms.ALARM} == written().keys()
