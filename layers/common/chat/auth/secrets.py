"""The secret from which the service derives its keys, and its storage.

On one machine it is the variable AUTH_SECRET. Deployed it is in Secrets Manager: either a plain string, or JSON
`{"current": "...", "previous": "..."}`. Tokens signed with `previous` (which may be absent) is still accepted, so a
rotation signs no user out; new tokens are signed with `current`.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chat.errors import KeysUnavailableError
from chat.settings import AuthSettings

MIN_SECRET_CHARS = 32
CACHE_SECONDS = 300
REREAD_SECONDS = 10
"""The pause between reads caused by unknown signatures: forged tokens must not cause a request each."""

PAUSE_SECONDS = 30
"""How long the last secret is used after a failed read: a request waits seconds if Secrets Manager does not reply."""


class SecretFormatError(Exception):
    """The stored secret cannot be used; the message never shows it."""


@dataclass(frozen=True, slots=True, repr=False)
class AuthSecret:
    """The current secret, and the previous one while it is still accepted."""

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
"""Returns the current secret: it may rotate while a process runs."""


def build_secret_source(settings: AuthSettings) -> SecretSource:
    """The provider of the secret that `settings` configure."""
    if settings.auth_secret is not None:
        secret = AuthSecret.parse(settings.auth_secret)
        return lambda: secret
    if settings.auth_secret_arn is None:
        raise SecretFormatError("neither AUTH_SECRET nor AUTH_SECRET_ARN is set")
    from chat.secrets_manager import secrets_provider

    secrets_provider()  # the first request needs it, and Lambda gives a process the most CPU during its start
    return SecretsManagerSource(settings.auth_secret_arn)


class SecretsManagerSource:
    """Reads the secret with Powertools Parameters, which caches it for `CACHE_SECONDS`."""

    def __init__(
        self, arn: str, *, cache_seconds: int = CACHE_SECONDS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._arn = arn
        self._cache_seconds = cache_seconds
        self._monotonic = monotonic
        self._reread_at = float("-inf")
        self._pause_until = float("-inf")
        self._last: AuthSecret | None = None

    def __call__(self) -> AuthSecret:
        """The secret; the last one while Secrets Manager does not reply or its value is unusable.

        Raises:
            KeysUnavailableError: the read failed, and no earlier secret is cached.
            SecretFormatError: the secret is unusable, and no earlier one is cached.
        """
        return self._read()

    def again(self) -> AuthSecret:
        """The secret, read again unless it was read recently. Raises the same errors as a call."""
        now = self._monotonic()
        if now - self._reread_at < REREAD_SECONDS:
            return self._read()
        self._reread_at = now
        return self._read(force=True)

    def _read(self, *, force: bool = False) -> AuthSecret:
        from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

        from chat.secrets_manager import secrets_provider

        if self._last is not None and self._monotonic() < self._pause_until:
            return self._last
        try:
            text = secrets_provider().get(self._arn, max_age=self._cache_seconds, force_fetch=force)
            self._last = AuthSecret.parse(str(text))
        except GetParameterError as error:
            self._pause_until = self._monotonic() + PAUSE_SECONDS
            if self._last is None:
                raise KeysUnavailableError("The service cannot read its keys; try again.") from error
        except SecretFormatError:
            if self._last is None:
                raise
        return self._last


def accepted_keys(source: SecretSource) -> Iterator[bytes]:
    """The keys that may have made a signature: first the known ones, then one that a rotation has added since.

    Processes see a rotation at different times, so one may sign with a key that another has not read yet.
    """
    known = source().accepted
    yield from known
    if isinstance(source, SecretsManagerSource):
        yield from (key for key in source.again().accepted if key not in known)


def _checked(value: object) -> bytes:
    if not isinstance(value, str) or len(value) < MIN_SECRET_CHARS:
        raise SecretFormatError(f"the auth secret must be a string of at least {MIN_SECRET_CHARS} characters")
    return value.encode()
