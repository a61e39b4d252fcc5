"""Bearer tokens: what holds, and everything that does not."""

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest

from chat.auth import Authenticator, StreamTokens, build_authenticator, build_secret_source
from chat.clock import SystemClock
from chat.errors import AuthenticationError
from chat.settings import AuthSettings

SECRET = "a-secret-of-the-tests-and-of-nothing-else"
ISSUER = "tests"
AUDIENCE = "chat-sse"
SETTINGS = AuthSettings(jwt_issuer=ISSUER, jwt_audience=AUDIENCE, auth_secret=SECRET)


@pytest.fixture
def authenticator() -> Authenticator:
    return build_authenticator(SETTINGS, build_secret_source(SETTINGS))


def claims(**changes: Any) -> dict[str, Any]:
    every = {"sub": "alice", "iss": ISSUER, "aud": AUDIENCE, "exp": time.time() + 60} | changes
    return {name: value for name, value in every.items() if value is not None}


def token(key: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm)


def unchecked_token(header: dict[str, Any], payload: bytes, key: bytes = SECRET.encode()) -> str:
    """What PyJWT refuses to make."""
    parts = [base64.urlsafe_b64encode(part).rstrip(b"=") for part in (json.dumps(header).encode(), payload)]
    parts.append(base64.urlsafe_b64encode(hmac.digest(key, b".".join(parts), "sha256")).rstrip(b"="))
    return b".".join(parts).decode()


def refusal(authenticator: Authenticator, bearer: str | None) -> str:
    with pytest.raises(AuthenticationError) as caught:
        authenticator.authenticate(bearer)
    assert caught.value.http_status == 401
    return caught.value.code


def test_a_good_token_names_its_user(authenticator: Authenticator) -> None:
    assert authenticator.authenticate(token()) == "alice"


@pytest.mark.parametrize("subject", ["a", "ä" * 128, "auth0|5f7c", "https://issuer.example/users/1#me", "李雷 😀"])
def test_any_subject_of_1_to_128_characters_is_a_user(authenticator: Authenticator, subject: str) -> None:
    assert authenticator.authenticate(token(sub=subject)) == subject


def test_one_of_several_audiences_is_enough(authenticator: Authenticator) -> None:
    assert authenticator.authenticate(token(aud=["another", AUDIENCE])) == "alice"


def test_an_issue_time_slightly_ahead_is_no_fault(authenticator: Authenticator) -> None:
    assert authenticator.authenticate(token(iat=time.time() + 2)) == "alice"


@pytest.mark.parametrize("bearer", [None, ""])
def test_no_token(authenticator: Authenticator, bearer: str | None) -> None:
    assert refusal(authenticator, bearer) == "token_missing"


def test_an_expired_token(authenticator: Authenticator) -> None:
    assert refusal(authenticator, token(exp=time.time() - 1)) == "token_expired"


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": None},
        {"exp": "tomorrow"},
        {"iss": None},
        {"iss": "another"},
        {"aud": None},
        {"aud": "another"},
        {"aud": []},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 129},
        {"sub": "line\nbreak"},
        {"sub": "lone \ud800 surrogate"},
        {"nbf": 9_000_000_000},
    ],
    ids=str,
)
def test_claims_that_do_not_hold(authenticator: Authenticator, changes: dict[str, Any]) -> None:
    assert refusal(authenticator, token(**changes)) == "token_invalid"


def test_a_wrong_signature(authenticator: Authenticator) -> None:
    assert refusal(authenticator, token(key="another-secret-that-is-also-long-enough")) == "token_invalid"
    header, payload, signature = token().split(".")
    other_payload = token(sub="bob").split(".")[1]
    assert refusal(authenticator, f"{header}.{other_payload}.{signature}") == "token_invalid"
    assert refusal(authenticator, f"{header}.{payload}.") == "token_invalid"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", ""])
def test_no_algorithm_is_none_of_ours(authenticator: Authenticator, alg: str) -> None:
    signed = unchecked_token({"alg": alg, "typ": "JWT"}, json.dumps(claims()).encode())
    unsigned = signed.rpartition(".")[0] + "."
    assert refusal(authenticator, signed) == "token_invalid"
    assert refusal(authenticator, unsigned) == "token_invalid"


def test_another_algorithm_with_the_right_secret_is_refused(authenticator: Authenticator) -> None:
    longer = AuthSettings(jwt_issuer=ISSUER, jwt_audience=AUDIENCE, auth_secret=SECRET * 2)
    with_longer_secret = build_authenticator(longer, build_secret_source(longer))
    assert refusal(with_longer_secret, token(key=SECRET * 2, algorithm="HS512")) == "token_invalid"
    assert with_longer_secret.authenticate(token(key=SECRET * 2)) == "alice"


@pytest.mark.parametrize(
    "bearer",
    ["nonsense", "a.b.c", "...", "é.é.é", "\ud800", "x" * 9000, "eyJhbGciOiJIUzI1NiJ9..", "null", " "],
    ids=range(9),
)
def test_malformed_jwt_is_refused(authenticator: Authenticator, bearer: str) -> None:
    assert refusal(authenticator, bearer) == "token_invalid"


@pytest.mark.parametrize(
    "payload",
    [b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 5000, b'{"sub":"a","iss":"tests","aud":"chat-sse","exp":1e999}'],
    ids=["list", "null", "string", "not utf-8", "deep", "infinite"],
)
def test_odd_payloads_under_a_right_signature(authenticator: Authenticator, payload: bytes) -> None:
    assert refusal(authenticator, unchecked_token({"alg": "HS256", "typ": "JWT"}, payload)) == "token_invalid"


def test_a_deeply_nested_header(authenticator: Authenticator) -> None:
    header = base64.urlsafe_b64encode(b"[" * 5000).decode()
    assert refusal(authenticator, f"{header}.e30.") == "token_invalid"


def test_a_stream_token_is_no_bearer_token(authenticator: Authenticator) -> None:
    stream_token = StreamTokens(build_secret_source(SETTINGS), SystemClock()).sign("s", "alice", time.time() + 60)
    assert refusal(authenticator, stream_token) == "token_invalid"


def test_the_previous_secret_still_holds_and_the_one_before_does_not() -> None:
    rotated = json.dumps({"current": "the-new-secret-of-the-tests-0123456789", "previous": SECRET})
    settings = AuthSettings(jwt_issuer=ISSUER, jwt_audience=AUDIENCE, auth_secret=rotated)
    authenticator = build_authenticator(settings, build_secret_source(settings))
    assert authenticator.authenticate(token()) == "alice"
    assert authenticator.authenticate(token(key="the-new-secret-of-the-tests-0123456789")) == "alice"
    assert refusal(authenticator, token(key="the-oldest-secret-of-the-tests-01234567")) == "token_invalid"
    assert refusal(authenticator, token(exp=time.time() - 1)) == "token_expired"
