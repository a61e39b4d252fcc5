"""Stream tokens, and the signed texts they are made of."""

import json
import time

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.auth import AuthSecret, SecretSource, Signer, StreamTokens
from chat.errors import AuthenticationError

OLD = AuthSecret(b"the-old-secret-of-these-tests-0123456789")
ROTATED = AuthSecret(b"the-new-secret-of-these-tests-0123456789", previous=OLD.current)
NOW = 1_800_000_000.0


class FixedClock:
    def __init__(self, now: float = NOW) -> None:
        self.time = now

    def now(self) -> float:
        return self.time


def source(secret: AuthSecret = OLD) -> SecretSource:
    return lambda: secret


def tokens(secret: AuthSecret = OLD, now: float = NOW) -> StreamTokens:
    return StreamTokens(source(secret), FixedClock(now))


def refusal(stream_tokens: StreamTokens, token: str, session_id: str = "session") -> str:
    with pytest.raises(AuthenticationError) as caught:
        stream_tokens.verify(token, session_id)
    return caught.value.code


@pytest.mark.parametrize("user_id", ["alice", "李雷 😀", 'quote " and \\ and .', "x" * 128])
def test_a_token_names_the_user_it_was_made_for(user_id: str) -> None:
    assert tokens().verify(tokens().sign("session", user_id, NOW + 1), "session") == user_id


def test_a_token_can_stand_in_a_query_as_it_is() -> None:
    token = tokens().sign("session", "李雷 😀", NOW + 1)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_a_token_dies_with_its_session() -> None:
    token = tokens().sign("session", "alice", NOW + 600)
    assert tokens(now=NOW + 599.9).verify(token, "session") == "alice"
    assert refusal(tokens(now=NOW + 600), token) == "token_expired"


def test_a_token_opens_no_other_session() -> None:
    token = tokens().sign("session", "alice", NOW + 1)
    assert refusal(tokens(), token, "another") == "token_invalid"
    assert refusal(tokens(), token, "") == "token_invalid"
    assert refusal(tokens(), token, "lone \ud800") == "token_invalid"


def test_a_changed_token_is_refused_at_every_character() -> None:
    token = tokens().sign("session", "alice", NOW + 1)
    for at, char in enumerate(token):
        changed = token[:at] + ("A" if char != "A" else "B") + token[at + 1 :]
        assert refusal(tokens(), changed) == "token_invalid"
    for length in range(len(token)):
        assert refusal(tokens(), token[:length]) == "token_invalid"


@given(st.text())
def test_a_made_up_token_is_refused(token: str) -> None:
    assert refusal(tokens(), token) == "token_invalid"


def test_a_bearer_token_is_no_stream_token() -> None:
    bearer = jwt.encode({"sub": "alice", "exp": time.time() + 60}, OLD.current, algorithm="HS256")
    assert refusal(tokens(), bearer) == "token_invalid"


def test_what_another_signer_made_is_no_stream_token() -> None:
    payload = json.dumps({"sub": "alice", "exp": NOW + 60}).encode()
    assert refusal(tokens(), Signer(source(), label="cursor").sign(payload, context=b"session")) == "token_invalid"


def test_a_token_outlives_one_rotation_of_the_secret() -> None:
    token = tokens(OLD).sign("session", "alice", NOW + 1)
    assert tokens(ROTATED).verify(token, "session") == "alice"
    assert refusal(tokens(AuthSecret(ROTATED.current)), token) == "token_invalid"
    assert refusal(tokens(OLD), tokens(ROTATED).sign("session", "alice", NOW + 1)) == "token_invalid"


def test_context_and_payload_cannot_be_shifted_into_one_another() -> None:
    signer = Signer(source(), label="test")
    token = signer.sign(b"", context=b"ab")
    assert signer.open(token, context=b"ab") == b""
    assert signer.open(token, context=b"a") is None
