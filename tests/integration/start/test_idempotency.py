"""POST /chat/start with an Idempotency-Key."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from unittest.mock import patch

import boto3
import pytest

from chat.dynamo import DynamoSessionStore
from chat.errors import StorageError
from chat.messages import Message
from chat.sessions import Session
from chat.users import Tier, User
from fakes.functions.buffered import Answer, Handler, World, token, user_of

type Start = Callable[..., Answer]
type Build = Callable[..., Handler]

KEY = {"idempotency-key": "a key, of printable characters"}


def prompts(aws: World, bearer: str) -> list[str]:
    return [message.content for message in aws.messages.page_all_chats(user_of(bearer), limit=10).messages]


def test_the_same_key_and_body_give_the_same_session(aws: World, start: Start) -> None:
    bearer = aws.user()
    first = start(bearer, headers=KEY, prompt="once")
    again = start(bearer, headers=KEY, prompt="once")
    assert (first.status, again.status) == (201, 201)
    assert [again.json[name] for name in ("sessionId", "chatId", "expiresAt")] == [
        first.json[name] for name in ("sessionId", "chatId", "expiresAt")
    ]
    assert again.json["streamToken"]
    assert prompts(aws, bearer) == ["once"]


def test_the_same_request_written_otherwise_is_the_same(aws: World, start: Start) -> None:
    bearer = aws.user()
    first = start(bearer, headers=KEY, prompt="once")
    again = start(token(user_of(bearer), exp=time.time() + 999), headers=KEY, prompt="once", chatId=None, cache=True)
    assert again.json["sessionId"] == first.json["sessionId"]


@pytest.mark.parametrize(
    "other", [{"prompt": "two"}, {"modelId": "claude-haiku-4-5"}, {"chatId": "c"}, {"taskId": "t"}, {"cache": False}]
)
def test_another_body_under_the_same_key_is_refused(aws: World, start: Start, other: dict[str, Any]) -> None:
    bearer = aws.user()
    start(bearer, headers=KEY, prompt="one")
    assert start(bearer, headers=KEY, **({"prompt": "one"} | other)).refusal == (422, "idempotency_key_reused")
    assert prompts(aws, bearer) == ["one"]


def test_a_key_is_its_users_own(aws: World, start: Start) -> None:
    alice, bob = aws.user(), aws.user()
    sessions = {start(bearer, headers=KEY, prompt="the same").json["sessionId"] for bearer in (alice, bob)}
    assert len(sessions) == 2


def test_without_a_key_every_request_is_a_new_one(aws: World, start: Start) -> None:
    bearer = aws.user()
    assert start(bearer, prompt="same").json["sessionId"] != start(bearer, prompt="same").json["sessionId"]
    assert prompts(aws, bearer) == ["same", "same"]


@pytest.mark.parametrize("key", [" ", "x" * 255, "~!@#", "7f3c0c0e-6f5c-4b53-9d3a-0a0a0a0a0a0a"])
def test_any_printable_key_will_do(aws: World, start: Start, key: str) -> None:
    assert start(aws.user(), headers={"idempotency-key": key}).status == 201


@pytest.mark.parametrize("key", ["x" * 256, "ä", "tab\tin it", "\x7f"], ids=range(4))
def test_a_key_that_is_too_long_or_unprintable_is_refused(aws: World, start: Start, key: str) -> None:
    answer = start(aws.user(), headers={"idempotency-key": key})
    assert answer.refusal == (422, "invalid_request")
    assert answer.json["errors"][0]["field"] == "Idempotency-Key"


def test_a_request_still_running_is_a_conflict(aws: World, start: Start, build: Build) -> None:
    bearer = aws.user()
    other_process = build()
    running, go_on = Event(), Event()
    original = DynamoSessionStore.start

    def slow_start(self: DynamoSessionStore, session: Session, prompt: Message) -> None:
        running.set()
        assert go_on.wait(10)
        original(self, session, prompt)

    with ThreadPoolExecutor(1) as pool, patch.object(DynamoSessionStore, "start", slow_start):
        first = pool.submit(start, bearer, headers=KEY)
        try:
            assert running.wait(10)
            second = start(bearer, headers=KEY, to=other_process)
        finally:
            go_on.set()
        assert second.refusal == (409, "idempotency_in_progress")
        assert first.result(10).status == 201
    assert start(bearer, headers=KEY).json["sessionId"] == first.result().json["sessionId"]


def test_a_request_that_failed_may_be_sent_again(aws: World, start: Start) -> None:
    bearer = aws.user()
    with patch.object(DynamoSessionStore, "start", side_effect=StorageError("The storage does not answer.")):
        assert start(bearer, headers=KEY).refusal == (503, "storage_unavailable")
    assert start(bearer, headers=KEY).status == 201
    assert len(prompts(aws, bearer)) == 1


def test_a_refusal_does_not_use_the_key_up(aws: World, start: Start) -> None:
    bearer = aws.user(Tier.BASIC)
    assert start(bearer, headers=KEY, modelId="claude-opus-5").refusal == (403, "model_not_in_tier")
    aws.users.put(User(user_of(bearer), Tier.ENTERPRISE), now=time.time())
    assert start(bearer, headers=KEY, modelId="claude-opus-5").status == 201


def test_a_user_disabled_meanwhile_gets_nothing_again(aws: World, start: Start) -> None:
    bearer = aws.user()
    start(bearer, headers=KEY)
    aws.users.put(User(user_of(bearer), Tier.BASIC, disabled=True), now=time.time())
    assert start(bearer, headers=KEY).refusal == (403, "user_disabled")


def test_a_record_lives_as_long_as_its_session_and_holds_no_token(aws: World, start: Start) -> None:
    client: Any = boto3.client("dynamodb")
    before = {item["id"]["S"] for item in client.scan(TableName="IdempotencyTable")["Items"]}
    answer = start(aws.user(), headers=KEY, prompt="a prompt")
    items = client.scan(TableName="IdempotencyTable")["Items"]
    (record,) = [item for item in items if item["id"]["S"] not in before]
    assert abs(int(record["expiration"]["N"]) - (time.time() + 600)) < 5
    assert answer.json["streamToken"] not in str(record)
    assert "a prompt" not in str(record)


def test_records_that_cannot_be_kept_are_a_503(aws: World, start: Start, build: Build) -> None:
    bearer = aws.user()
    broken = build(IDEMPOTENCY_TABLE="no-such-table")
    assert start(bearer, headers=KEY, to=broken).refusal == (503, "storage_unavailable")
    assert prompts(aws, bearer) == []
