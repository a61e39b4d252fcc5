"""POST /chat/start: everything that is refused, and that nothing is stored then."""

import json
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chat.auth import AuthSecret, StreamTokens
from chat.catalog import load_catalog
from chat.clock import SystemClock
from chat.dynamo import DynamoSessionStore
from chat.errors import StorageError
from chat.ids import new_id
from chat.users import Tier
from fakes.functions.buffered import SECRET, Answer, Handler, World, call, token, user_of

type Start = Callable[..., Answer]

PROMPT = "a prompt that no answer repeats"


def post(handler: Handler, bearer: str | None, body: bytes, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return call(handler, "POST", "/chat/start", bearer=bearer, headers=named, body=body)


def assert_nothing_stored(aws: World, bearer: str) -> None:
    assert aws.messages.page_all_chats(user_of(bearer), limit=1).messages == ()


def test_no_token(start: Start) -> None:
    answer = start(None)
    assert answer.refusal == (401, "token_missing")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": 1_700_000_000}, "token_expired"),
        ({"key": "a-secret-that-is-not-the-one-of-the-service"}, "token_invalid"),
        ({"aud": "another"}, "token_invalid"),
        ({"iss": "another"}, "token_invalid"),
        ({"exp": None}, "token_invalid"),
        ({"sub": "x" * 129}, "token_invalid"),
    ],
    ids=str,
)
def test_a_token_that_does_not_hold(start: Start, changes: dict[str, Any], code: str) -> None:
    answer = start(token("alice", **changes))
    assert answer.refusal == (401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_without_a_signature(start: Start) -> None:
    _, claims, _ = token("alice").split(".")
    assert start(f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.").refusal == (401, "token_invalid")


def test_a_stream_token_is_no_bearer_token(start: Start) -> None:
    tokens = StreamTokens(lambda: AuthSecret.parse(SECRET), SystemClock())
    assert start(tokens.sign("session", "alice", time.time() + 60)).refusal == (401, "token_invalid")


def test_a_disabled_user(aws: World, start: Start) -> None:
    bearer = aws.user(Tier.ENTERPRISE, disabled=True)
    assert start(bearer).refusal == (403, "user_disabled")
    assert_nothing_stored(aws, bearer)


def test_authentication_comes_before_validation(handler: Handler) -> None:
    assert post(handler, None, b"no json", content_type="text/plain").refusal == (401, "token_missing")


def test_refusal_of_an_unknown_model_lists_the_known(aws: World, start: Start) -> None:
    answer = start(aws.user(), modelId="gpt-0")
    assert answer.refusal == (422, "unknown_model")
    assert answer.json["models"] == [model.id for model in load_catalog().models]
    assert "gpt-0" not in answer.body


def test_refusal_of_a_model_above_the_tier_lists_the_tiers(aws: World, start: Start) -> None:
    bearer = aws.user(Tier.PRO)
    answer = start(bearer, modelId="claude-opus-5")
    assert answer.refusal == (403, "model_not_in_tier")
    assert answer.json["tier"] == "PRO"
    assert len(answer.json["allowedModels"]) == 7
    assert "claude-opus-5" not in answer.json["allowedModels"]
    assert_nothing_stored(aws, bearer)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"{",
        b'{"modelId": "gpt-5.6-luna", "prompt": "hi",}',
        b'{"prompt": NaN}',
        b"\xff\xfe{}",
        '{"prompt": "hi"}'.encode("utf-16"),
        b"[" * 100_000,
    ],
    ids=range(8),
)
def test_a_body_that_is_not_json(aws: World, handler: Handler, body: bytes) -> None:
    assert post(handler, aws.user(), body).refusal == (400, "invalid_json")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"1", b"[{}]"])
def test_json_that_is_no_object(aws: World, handler: Handler, body: bytes) -> None:
    assert post(handler, aws.user(), body).refusal == (422, "invalid_request")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"modelId": ...}, "modelId"),
        ({"prompt": ...}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": " \n\t\u3000"}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": ["text"]}, "prompt"),
        ({"prompt": {"text": PROMPT}}, "prompt"),
        ({"prompt": PROMPT + "\0"}, "prompt"),
        ({"prompt": PROMPT + "\ud800"}, "prompt"),
        ({"prompt": "\udc00" + PROMPT}, "prompt"),
        ({"prompt": "x" * 32_001}, "prompt"),
        ({"modelId": 5}, "modelId"),
        ({"modelId": ""}, "modelId"),
        ({"modelId": "x" * 129}, "modelId"),
        ({"chatId": ""}, "chatId"),
        ({"chatId": "x" * 65}, "chatId"),
        ({"chatId": "a b"}, "chatId"),
        ({"chatId": "a\n"}, "chatId"),
        ({"chatId": "ä"}, "chatId"),
        ({"chatId": "a\ud800"}, "chatId"),
        ({"chatId": 7}, "chatId"),
        ({"projectId": "a/b"}, "projectId"),
        ({"taskId": "a#b"}, "taskId"),
        ({"cache": None}, "cache"),
        ({"cache": "false"}, "cache"),
        ({"cache": 0}, "cache"),
        ({"model_id": "gpt-5.6-luna"}, "model_id"),
        ({"sessionId": "mine"}, "sessionId"),
        ({"userId": "another"}, "userId"),
    ],
    ids=lambda value: str(value)[:30].encode("ascii", "replace").decode(),
)
def test_a_field_that_does_not_fit_is_named_and_its_value_is_not(
    aws: World, start: Start, fields: dict[str, Any], wrong: str
) -> None:
    bearer = aws.user()
    answer = start(bearer, **fields)
    assert answer.refusal == (422, "invalid_request")
    assert wrong in [error["field"] for error in answer.json["errors"]]
    assert all(set(error) == {"field", "message"} and error["message"] for error in answer.json["errors"])
    assert PROMPT not in answer.body
    assert_nothing_stored(aws, bearer)


def test_an_unknown_field_with_a_name_that_utf_8_cannot_carry(aws: World, handler: Handler) -> None:
    body = b'{"modelId":"gpt-5.6-luna","prompt":"hi","\\ud800":1}'
    assert post(handler, aws.user(), body).refusal == (422, "invalid_request")


def test_the_longest_prompt_is_a_setting(aws: World, start: Start, build: Callable[..., Handler]) -> None:
    small = build(MAX_PROMPT_CHARS="3")
    assert start(aws.user(), to=small, prompt="abc").status == 201
    assert start(aws.user(), to=small, prompt="😀😀😀").status == 201
    assert start(aws.user(), to=small, prompt="abcd").refusal == (422, "invalid_request")


def test_a_body_larger_than_the_limit(aws: World, handler: Handler) -> None:
    body = json.dumps({"modelId": "gpt-5.6-luna", "prompt": "x" * 524_288}).encode()
    answer = post(handler, aws.user(), body)
    assert answer.refusal == (413, "body_too_large")
    assert answer.json["maxBytes"] == 524_288
    assert post(handler, aws.user(), body, content_length="").refusal == (413, "body_too_large")
    assert post(handler, aws.user(), body, content_length="10").refusal == (413, "body_too_large")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_a_content_type_that_is_not_json(aws: World, handler: Handler, kind: str) -> None:
    body = b'{"modelId":"gpt-5.6-luna","prompt":"hi"}'
    assert post(handler, aws.user(), body, content_type=kind).refusal == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.chat+json"], ids=range(3)
)
def test_a_content_type_that_is_json(aws: World, handler: Handler, kind: str) -> None:
    assert post(handler, aws.user(), b'{"modelId":"gpt-5.6-luna","prompt":"hi"}', content_type=kind).status == 201


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", "/chat/start", (405, "method_not_allowed")),
        ("DELETE", "/chat/stop", (405, "method_not_allowed")),
        ("POST", "/chat/start/", (404, "not_found")),
        ("POST", "/", (404, "not_found")),
        ("POST", "/chat/history", (404, "not_found")),
        ("GET", "/docs", (404, "not_found")),
        ("GET", "/openapi.json", (404, "not_found")),
    ],
)
def test_addresses_and_methods_that_are_not_there(
    handler: Handler, method: str, path: str, refusal: tuple[int, str]
) -> None:
    assert call(handler, method, path).refusal == refusal


def test_storage_that_fails_is_a_503_and_says_nothing_of_itself(aws: World, start: Start) -> None:
    bearer = aws.user()
    with patch.object(DynamoSessionStore, "start", side_effect=StorageError("The storage does not answer; try again.")):
        assert start(bearer).refusal == (503, "storage_unavailable")
    with patch.object(DynamoSessionStore, "start", side_effect=RuntimeError(PROMPT)):
        answer = start(bearer)
    assert answer.refusal == (500, "internal_error")
    assert PROMPT not in answer.body


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["modelId", "prompt", "regenerate", "chatId", "projectId", "taskId", "cache", "extra"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(FIELDS, JSON_VALUES) | JSON_VALUES)
@example({"modelId": "gpt-5.6-luna", "prompt": "\ud83d"})
def test_any_json_gets_a_session_or_a_clear_refusal(handler: Handler, document: Any) -> None:
    answer = post(handler, token(f"fuzz-{new_id()}"), json.dumps(document).encode())
    if answer.status == 201:
        assert set(answer.json) == {"sessionId", "chatId", "expiresAt", "streamToken"}
    else:
        assert answer.refusal in {(422, "invalid_request"), (422, "unknown_model"), (413, "body_too_large")}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_get_a_clear_refusal(handler: Handler, body: bytes) -> None:
    assert post(handler, token("fuzz"), body).refusal[0] in {400, 422}
