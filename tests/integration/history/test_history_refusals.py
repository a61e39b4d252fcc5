"""GET /chat/history: everything that is refused."""

import time
from collections.abc import Callable
from unittest.mock import patch

import pytest

from chat.dynamo import DynamoMessageStore
from chat.errors import StorageError
from fakes.functions.buffered import Answer, Handler, World, call, token

type Get = Callable[..., Answer]


@pytest.mark.parametrize("path", ["/chat/history", "/chat/models"])
def test_unauthenticated_requests_are_refused(aws: World, handler: Handler, path: str) -> None:
    def refusal(bearer: str | None) -> tuple[int, str]:
        return call(handler, "GET", path, bearer=bearer, query={"limit": "x"}).refusal

    assert refusal(None) == (401, "token_missing")
    assert refusal(token("alice", exp=time.time() - 1)) == (401, "token_expired")
    assert refusal(token("alice", key="another-secret-than-that-of-the-service")) == (401, "token_invalid")
    assert call(handler, "GET", path, bearer=aws.user(disabled=True)).refusal == (403, "user_disabled")


@pytest.mark.parametrize("limit", ["0", "-1", "201", "x", "", "1.5", "1e2"])
def test_a_limit_that_is_none(aws: World, get: Get, limit: str) -> None:
    answer = get(aws.user(), chatId="chat", limit=limit)
    assert answer.refusal == (422, "invalid_request")
    assert [error["field"] for error in answer.json["errors"]] == ["limit"]


@pytest.mark.parametrize("chat_id", ["", "x" * 65, "a b", "ä", "a\n", "\0"])
def test_a_chat_id_that_is_none(aws: World, get: Get, chat_id: str) -> None:
    assert get(aws.user(), chatId=chat_id).refusal == (422, "invalid_request")


def test_an_unknown_chat_and_another_users_are_the_same(aws: World, get: Get) -> None:
    alice, bob = aws.user(), aws.user()
    aws.converse(alice, "of-alice", "private")
    another, unknown = get(bob, chatId="of-alice"), get(bob, chatId="of-nobody")
    assert another.refusal == unknown.refusal == (404, "chat_not_found")
    assert another.body == unknown.body
    assert get(bob).json["messages"] == []


def test_a_cursor_is_its_users_and_its_lists_own(aws: World, get: Get) -> None:
    alice, bob = aws.user(), aws.user()
    for bearer in (alice, bob):
        for number in range(3):
            aws.converse(bearer, "same", f"question {number}", at=number - 10)
            aws.converse(bearer, "other", f"question {number}", at=number - 10)
    of_chat = get(alice, chatId="same", limit=1).json["nextCursor"]
    of_all = get(alice, limit=1).json["nextCursor"]
    assert get(alice, chatId="same", cursor=of_chat).status == 200
    assert get(alice, cursor=of_all).status == 200
    for refused in (
        get(bob, chatId="same", cursor=of_chat),
        get(bob, cursor=of_all),
        get(alice, chatId="other", cursor=of_chat),
        get(alice, cursor=of_chat),
        get(alice, chatId="same", cursor=of_all),
    ):
        assert refused.refusal == (400, "invalid_cursor")


@pytest.mark.parametrize("cursor", ["", "x", "a.b", "." * 20, "ä", "\0", "MDFK", "A" * 5000])
def test_a_made_up_cursor(aws: World, get: Get, cursor: str) -> None:
    bearer = aws.user()
    aws.converse(bearer, "chat", "question")
    assert get(bearer, chatId="chat", cursor=cursor).refusal == (400, "invalid_cursor")
    assert get(bearer, cursor=cursor).refusal == (400, "invalid_cursor")


def test_a_cursor_that_was_cut_off_or_changed(aws: World, get: Get) -> None:
    bearer = aws.user()
    for number in range(2):
        aws.converse(bearer, "chat", "question", at=number)
    cursor = get(bearer, chatId="chat", limit=1).json["nextCursor"]
    for wrong in (cursor[:-1], cursor[1:], cursor.partition(".")[0], cursor.swapcase(), cursor + "A"):
        assert get(bearer, chatId="chat", cursor=wrong).refusal == (400, "invalid_cursor")


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("POST", "/chat/history", (405, "method_not_allowed")),
        ("GET", "/chat/start", (404, "not_found")),
        ("GET", "/chat/history/", (404, "not_found")),
    ],
)
def test_addresses_and_methods_that_are_not_there(
    handler: Handler, method: str, path: str, refusal: tuple[int, str]
) -> None:
    assert call(handler, method, path).refusal == refusal


def test_storage_that_fails_is_a_503(aws: World, get: Get) -> None:
    with patch.object(DynamoMessageStore, "page", side_effect=StorageError("The storage does not answer.")):
        assert get(aws.user(), chatId="chat").refusal == (503, "storage_unavailable")
