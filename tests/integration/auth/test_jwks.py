"""Tokens signed with an issuer's private key, verified with what its JWKS URL publishes."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any, Literal, Protocol

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from chat.auth import Authenticator, StreamTokens, build_authenticator, build_secret_source
from chat.clock import SystemClock
from chat.errors import AuthenticationError, KeysUnavailableError
from chat.settings import AuthSettings

SECRET = "the-auth-secret-of-these-tests-0123456789"
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


class Issuer(Protocol):
    url: str
    status: int
    requests: int
    document: bytes

    def publish(self, *keys: dict[str, object]) -> None: ...


def settings(url: str, algorithm: Literal["RS256", "ES256"]) -> AuthSettings:
    return AuthSettings(
        jwt_algorithm=algorithm, jwt_issuer="tests", jwt_audience="chat-sse", jwks_url=url, auth_secret=SECRET
    )


def authenticator(issuer: Issuer, algorithm: Literal["RS256", "ES256"] = "RS256") -> Authenticator:
    chosen = settings(issuer.url, algorithm)
    return build_authenticator(chosen, build_secret_source(chosen))


def public(key: rsa.RSAPrivateKey, kid: str) -> dict[str, object]:
    return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig", "alg": "RS256"}


def claims() -> dict[str, Any]:
    return {"sub": "alice", "iss": "tests", "aud": "chat-sse", "exp": time.time() + 60}


def token(key: Any = RSA_KEY, kid: str | None = "one", algorithm: str = "RS256", **changes: Any) -> str:
    return jwt.encode(claims() | changes, key, algorithm=algorithm, headers={} if kid is None else {"kid": kid})


def refusal(of: Authenticator, bearer: str) -> str:
    with pytest.raises(AuthenticationError) as caught:
        of.authenticate(bearer)
    return caught.value.code


def test_a_token_of_the_issuer_holds_and_its_keys_are_fetched_once(issuer: Issuer) -> None:
    issuer.publish(public(RSA_KEY, "one"))
    it = authenticator(issuer)
    assert [it.authenticate(token()) for _ in range(3)] == ["alice"] * 3
    assert issuer.requests == 1


def test_elliptic_curves(issuer: Issuer) -> None:
    issuer.publish(ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True) | {"kid": "one", "use": "sig"})
    it = authenticator(issuer, "ES256")
    assert it.authenticate(token(EC_KEY, algorithm="ES256")) == "alice"
    assert refusal(it, token(RSA_KEY)) == "token_invalid"


def test_claims_are_checked_as_ever(issuer: Issuer) -> None:
    issuer.publish(public(RSA_KEY, "one"))
    it = authenticator(issuer)
    assert refusal(it, token(exp=time.time() - 1)) == "token_expired"
    assert refusal(it, token(aud="another")) == "token_invalid"


def test_a_signature_of_another_key_is_refused(issuer: Issuer) -> None:
    issuer.publish(public(RSA_KEY, "one"), public(OTHER_RSA_KEY, "two"))
    it = authenticator(issuer)
    assert refusal(it, token(OTHER_RSA_KEY, kid="one")) == "token_invalid"
    assert refusal(it, token(RSA_KEY, kid=None)) == "token_invalid"
    assert it.authenticate(token(OTHER_RSA_KEY, kid="two")) == "alice"


@pytest.mark.parametrize(
    "secret",
    [
        lambda: RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        lambda: RSA_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        lambda: json.dumps(public(RSA_KEY, "one")).encode(),
        SECRET.encode,
    ],
    ids=["PEM", "DER", "JWK", "the auth secret"],
)
def test_what_everybody_knows_is_no_secret(issuer: Issuer, secret: Callable[[], bytes]) -> None:
    """Key confusion: HS256 with the public key for a secret."""
    issuer.publish(public(RSA_KEY, "one"))
    header = {"alg": "HS256", "typ": "JWT", "kid": "one"}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims())]
    mac = hmac.digest(secret(), b".".join(parts), "sha256")
    forged = b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()
    assert refusal(authenticator(issuer), forged) == "token_invalid"


def test_a_key_that_the_token_brings_along_counts_for_nothing(issuer: Issuer) -> None:
    issuer.publish(public(RSA_KEY, "one"))
    headers = {"kid": "mine", "jwk": public(OTHER_RSA_KEY, "mine"), "jku": "http://127.0.0.1:9/jwks.json"}
    forged = jwt.encode(claims(), OTHER_RSA_KEY, algorithm="RS256", headers=headers)
    assert refusal(authenticator(issuer), forged) == "token_invalid"


def test_made_up_key_ids_are_no_way_to_make_the_issuer_busy(issuer: Issuer) -> None:
    issuer.publish(public(RSA_KEY, "one"))
    it = authenticator(issuer)
    assert {refusal(it, token(kid=f"made up {number}")) for number in range(20)} == {"token_invalid"}
    assert issuer.requests == 1


@pytest.mark.parametrize(
    ("status", "document"),
    [(500, b"{}"), (200, b"no json"), (200, b"[]"), (200, b"{}"), (200, b'{"keys": []}'), (302, b"")],
)
def test_keys_that_cannot_be_had_are_not_the_tokens_fault(issuer: Issuer, status: int, document: bytes) -> None:
    issuer.status, issuer.document = status, document
    it = authenticator(issuer)
    with pytest.raises(KeysUnavailableError) as caught:
        it.authenticate(token())
    assert (caught.value.http_status, caught.value.retryable) == (503, True)
    issuer.status = 200
    issuer.publish(public(RSA_KEY, "one"))
    assert it.authenticate(token()) == "alice"


def test_stream_tokens_are_still_signed_with_the_secret(issuer: Issuer) -> None:
    chosen = settings(issuer.url, "RS256")
    tokens = StreamTokens(build_secret_source(chosen), SystemClock())
    assert tokens.verify(tokens.sign("session", "alice", time.time() + 60), "session") == "alice"
