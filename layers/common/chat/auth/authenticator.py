"""Bearer tokens: JWTs (RFC 7519, verified as RFC 8725 requires) of the identity provider."""

from collections.abc import Callable, Iterable
from typing import Any

import jwt

from chat.auth.secrets import SecretSource, accepted_keys
from chat.errors import AuthenticationError, KeysUnavailableError
from chat.settings import AuthSettings

MAX_TOKEN_CHARS = 8192
MAX_SUBJECT_CHARS = 128

JWKS_TIMEOUT_SECONDS = 3
JWKS_CACHE_SECONDS = 900
JWKS_COOLDOWN_SECONDS = 30
"""The pause between fetches caused by unknown key ids: forged ids must not cause a request each."""

_NO_KEYS = "The keys that tokens are signed with cannot be fetched; try again."

type Key = bytes | jwt.PyJWK
type KeyFinder = Callable[[str], Iterable[Key]]
"""Returns the keys that may have signed a token."""


class Authenticator:
    """Verifies bearer tokens. The algorithm is the configured one; the token's header does not choose it."""

    def __init__(self, *, algorithm: str, issuer: str, audience: str, keys: KeyFinder) -> None:
        self._algorithm = algorithm
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    def authenticate(self, token: str | None) -> str:
        """The id of the user whose token this is (its `sub`).

        With a JWKS URL this may fetch the keys, which blocks for up to `JWKS_TIMEOUT_SECONDS`.

        Raises:
            AuthenticationError: `token_missing`, `token_expired`, or `token_invalid` for every other fault.
            KeysUnavailableError: the keys are unavailable.
        """
        if not token:
            raise AuthenticationError("A bearer token is needed.", code="token_missing")
        if len(token) > MAX_TOKEN_CHARS:
            raise AuthenticationError("The token is too long.")
        return _subject(self._claims(token))

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            for key in self._keys(token):
                try:
                    return self._decode(token, key)
                except jwt.InvalidSignatureError:
                    continue
        except jwt.ExpiredSignatureError as error:
            raise AuthenticationError("The token has expired.", code="token_expired") from error
        # PyJWT does not wrap the errors of unusual JSON, such as huge numbers or deep nesting.
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise AuthenticationError("The token is not valid.") from error
        raise AuthenticationError("The token is not valid.")

    def _decode(self, token: str, key: Key) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[self._algorithm],
            issuer=self._issuer,
            audience=self._audience,
            # `iat` is informational (RFC 7519, section 4.1.6): an issuer's clock may run a second ahead.
            options={"require": ["exp", "iss", "aud", "sub"], "verify_iat": False},
        )
        return claims


def build_authenticator(settings: AuthSettings, secret: SecretSource) -> Authenticator:
    """HS256 with the secret, or RS256 and ES256 with the keys at the JWKS URL."""
    return Authenticator(
        algorithm=settings.jwt_algorithm,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        keys=(lambda _token: accepted_keys(secret)) if settings.jwks_url is None else _JwksKeys(settings.jwks_url),
    )


class _JwksKeys:
    """The key whose id the token names, from a JSON Web Key Set (RFC 7517)."""

    def __init__(self, url: str) -> None:
        self._client = jwt.PyJWKClient(
            url,
            timeout=JWKS_TIMEOUT_SECONDS,
            lifespan=JWKS_CACHE_SECONDS,
            cooldown_duration=JWKS_COOLDOWN_SECONDS,
        )

    def __call__(self, token: str) -> Iterable[jwt.PyJWK]:
        try:
            # Usually cached. A separate call, so that a failed fetch is not reported as an invalid token.
            self._client.get_jwk_set()
        except (jwt.PyJWTError, OSError, ValueError) as error:
            raise KeysUnavailableError(_NO_KEYS) from error
        try:
            return (self._client.get_signing_key_from_jwt(token),)
        except (jwt.PyJWKClientConnectionError, OSError) as error:
            raise KeysUnavailableError(_NO_KEYS) from error


def _subject(claims: dict[str, Any]) -> str:
    subject = claims["sub"]
    if not (isinstance(subject, str) and 0 < len(subject) <= MAX_SUBJECT_CHARS and _storable(subject)):
        raise AuthenticationError(f"The token's subject must have 1 to {MAX_SUBJECT_CHARS} characters.")
    return subject


def _storable(text: str) -> bool:
    """Rejects lone surrogates, which JSON can carry and UTF-8 cannot, and control characters."""
    return not any(char < " " or "\ud800" <= char <= "\udfff" for char in text)
