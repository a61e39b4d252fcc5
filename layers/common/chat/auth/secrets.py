"""The secret from which every key of the service comes, and where it is kept.

On one machine it is the variable AUTH_SECRET. Deployed it is in Secrets Manager: either a plain string, or JSON
`{"current": "...", "previous": "..."}`. What was signed with `previous` (which may be absent) is still accepted, so a
rotation throws nobody out; what is signed anew is signed with `current`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from chat.errors import KeysUnavailableError
from chat.settings import AuthSettings

MIN_SECRET_CHARS = 32
CACHE_SECONDS = 300


class SecretFormatError(Exception):
    """The stored secret cannot be used; the message never shows it."""


@dataclass(frozen=True, slots=True, repr=False)
class AuthSecret:
    """The secret, and the one before it while that is still accepted."""

    current: bytes
    previous: bytes | None = None

    @property
    def accepted(self) -> tuple[bytes, ...]:
        return (self.current,) if self.previous is None else (self.current, self.previous)

    @classmethod
    def parse(cls, text: str) -> "AuthSecret":
        """Reads either form of the secret.

        Raises:
            SecretFormatError: too short, or JSON without `current`.
        """
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            return cls(_checked(text))
        previous = document.get("previous")
        return cls(_checked(document.get("current")), None if previous is None else _checked(previous))


type SecretSource = Callable[[], AuthSecret]
"""Gives the secret as it is now: it may change while a process lives."""


def build_secret_source(settings: AuthSettings) -> SecretSource:
    """Where `settings` say that the secret is."""
    if settings.auth_secret is not None:
        secret = AuthSecret.parse(settings.auth_secret)
        return lambda: secret
    if settings.auth_secret_arn is None:
        raise SecretFormatError("neither AUTH_SECRET nor AUTH_SECRET_ARN is set")
    return SecretsManagerSource(settings.auth_secret_arn)


class SecretsManagerSource:
    """Reads the secret with Powertools Parameters, which asks again after `CACHE_SECONDS`."""

    def __init__(self, arn: str, *, cache_seconds: int = CACHE_SECONDS) -> None:
        self._arn = arn
        self._cache_seconds = cache_seconds
        self._last: AuthSecret | None = None

    def __call__(self) -> AuthSecret:
        """The secret. While Secrets Manager does not answer, the last one that was read.

        Raises:
            KeysUnavailableError: it has never been read, and cannot be.
            SecretFormatError: what is stored cannot be used.
        """
        from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

        from chat.secrets_manager import secrets_provider

        try:
            text = secrets_provider().get(self._arn, max_age=self._cache_seconds)
        except GetParameterError as error:
            if self._last is None:
                raise KeysUnavailableError("The service cannot read its keys; try again.") from error
        else:
            self._last = AuthSecret.parse(str(text))
        return self._last


def _checked(value: object) -> bytes:
    if not isinstance(value, str) or len(value) < MIN_SECRET_CHARS:
        raise SecretFormatError(f"the auth secret must be a string of at least {MIN_SECRET_CHARS} characters")
    return value.encode()
