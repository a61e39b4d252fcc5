"""What the start function publishes, on standard output, as Lambda takes it."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from chat.metrics import Metric
from chat.users import Tier
from fakes.functions.buffered import Answer, Handler, World, call, user_of
from fakes.redis.servers import redis_server

type Start = Callable[..., Answer]
type Build = Callable[..., Handler]

NOBODY = {"REDIS_URL": "redis://127.0.0.1:1", "REDIS_TIMEOUT_SECONDS": "0.2"}


@pytest.fixture(scope="module")
def named(build: Build) -> Handler:
    """The function with the names that the template gives it."""
    return build(POWERTOOLS_METRICS_NAMESPACE="chat-sse/stack", POWERTOOLS_SERVICE_NAME="chat-start")


def published(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


def names(record: dict[str, Any]) -> set[str]:
    return {metric["Name"] for directive in record["_aws"]["CloudWatchMetrics"] for metric in directive["Metrics"]}


def test_started_session_is_counted(
    aws: World, start: Start, named: Handler, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = start(aws.user(), to=named, prompt="a secret question")

    (record,) = published(capsys)
    (directive,) = record["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "chat-sse/stack",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "SessionsStarted", "Unit": "Count"}],
    }
    assert (record["service"], record["SessionsStarted"]) == ("chat-start", 1)
    assert record["session_id"] == answer.json["sessionId"]
    assert record["gen_ai.conversation.id"] == answer.json["chatId"]
    assert (record["gen_ai.provider.name"], record["gen_ai.request.model"]) == ("openai", "gpt-5.6-luna")
    assert record["function_request_id"] == "the-request-id"
    assert "secret" not in json.dumps(record)


def test_models_have_the_conventions_names(
    aws: World, start: Start, named: Handler, capsys: pytest.CaptureFixture[str]
) -> None:
    start(aws.user(Tier.PRO), to=named, modelId="grok-4.3")
    start(aws.user(), to=named, prompt="/help")

    grok, command = published(capsys)
    assert grok["gen_ai.provider.name"] == "x_ai"
    assert "gen_ai.provider.name" not in command
    assert command["kind"] == "command"


def test_repeated_key_starts_no_second_session(
    aws: World, start: Start, named: Handler, capsys: pytest.CaptureFixture[str]
) -> None:
    bearer = aws.user()
    for _ in range(3):
        assert start(bearer, to=named, headers={"idempotency-key": "a key"}).status == 201

    assert [names(record) for record in published(capsys)] == [{"SessionsStarted"}]


def test_refusal_by_the_limit_is_counted_and_others_are_not(
    aws: World, start: Start, named: Handler, capsys: pytest.CaptureFixture[str]
) -> None:
    bearer = aws.user()
    statuses = [start(bearer, to=named).status for _ in range(22)]
    start(bearer, to=named, modelId="unknown")
    start(None, to=named)

    records = published(capsys)
    assert statuses == [201] * 20 + [429] * 2
    assert [names(record) for record in records] == [{"SessionsStarted"}] * 20 + [{"RateLimited"}] * 2
    assert records[-1]["error.type"] == "rate_limited"


def test_failures_of_redis_are_in_the_requests_own_record(
    aws: World, start: Start, build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each request has one record, however many calls failed; all of them are counted."""
    without_redis = build(**NOBODY)
    bearer = aws.user()
    session = start(bearer, to=without_redis).json["sessionId"]
    start(bearer, to=without_redis)
    started = published(capsys)
    assert [names(record) for record in started] == [{"SessionsStarted", "CacheError"}] * 2

    owner: dict[str, Any] = {"user_id": user_of(bearer), "owner": "tab", "now": time.time()}
    aws.sessions.attach(session, **owner, lease_seconds=60, max_attaches=10)
    call(without_redis, "POST", "/chat/stop", bearer=bearer, body=json.dumps({"sessionId": session}).encode())

    (stopped,) = published(capsys)
    assert names(stopped) == {"CacheError"}
    assert stopped["cache_errors.log_stop"] == 1


def test_redis_that_answers_is_no_error(
    aws: World, start: Start, build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    with redis_server() as redis:
        start(aws.user(), to=build(**redis.environ, REDIS_TIMEOUT_SECONDS="10"))

    assert [names(record) for record in published(capsys)] == [{Metric.SESSIONS_STARTED}]
