"""The address of an external Redis, `rediss://user:password@host:port/db`, from Secrets Manager.

A change of the secret takes effect without a new deployment:

- Each new connection uses the secret's current host, port, database, user and password. For a cluster, host and port
  are those at the time when the client was created.
- The secret is cached for `CACHE_SECONDS`, then read again in the background. It is read immediately if Redis refuses
  the password, but at most once every `PAUSE_SECONDS`.
- Open connections stay open for as long as Redis keeps them.
"""

import functools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

CACHE_SECONDS = 300.0
PAUSE_SECONDS = 10.0
"""Pause between two reads after one failed or returned a password that Redis refused."""
DEFAULT_PORT = 6379


class RedisAddressError(Exception):
    """The address is missing or unusable; the message never contains it."""


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """An address of Redis, with credentials."""

    host: str = field(repr=False)
    port: int = field(repr=False)
    db: int = field(repr=False)
    username: str | None = field(repr=False)
    password: str | None = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "RedisAddress":
        """Parses an address. TLS is required: an external Redis is reached over the internet.

        Raises:
            RedisAddressError: it is none, or one without TLS.
        """
        url = urlsplit(text.strip())
        try:
            port, db = url.port or DEFAULT_PORT, int(url.path.strip("/") or 0)
        except ValueError:
            raise RedisAddressError("The port or database in the secret with Redis's address is no number.") from None
        if url.scheme != "rediss" or not url.hostname:
            raise RedisAddressError("The secret with Redis's address must be rediss://user:password@host:port.")
        user, password = (unquote(part) if part else None for part in (url.username, url.password))
        return cls(url.hostname, port, db, user, password)


def read_secret(arn: str) -> str:
    """Reads the secret's current text. Blocks.

    Raises:
        RedisAddressError: Secrets Manager does not answer, or refuses.
    """
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

    from chat.secrets_manager import secrets_provider

    try:
        return str(secrets_provider().get(arn, max_age=int(CACHE_SECONDS), force_fetch=True))
    except GetParameterError as error:
        raise RedisAddressError("The secret with Redis's address cannot be read.") from error


class RedisUrlSecret:
    """The cached address, for any thread. Only the first read blocks."""

    def __init__(
        self, arn: str, *, read: Callable[[str], str] = read_secret, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._arn = arn
        self._read = read
        self._monotonic = monotonic
        self._reading = threading.Lock()
        self._address: RedisAddress | None = None
        self._error = RedisAddressError("The secret with Redis's address was not read yet.")
        self._next_at = float("-inf")
        self._read_at = float("-inf")

    def address(self) -> RedisAddress:
        """The address. Returns the previous one while a new read is in flight, and if that read fails.

        Raises:
            RedisAddressError: it was never read, and cannot be.
        """
        if self._address is None:
            with self._reading:
                self._read_if_due()
        elif self._monotonic() >= self._next_at and self._reading.acquire(blocking=False):
            threading.Thread(target=self._read_and_release, name="redis-secret", daemon=True).start()
        if self._address is None:
            raise self._error
        return self._address

    def refused(self) -> None:
        """Redis refused this password: reads the secret again, as it may have been rotated."""
        self._next_at = min(self._next_at, self._read_at + PAUSE_SECONDS)

    def _read_and_release(self) -> None:
        try:
            self._read_if_due()
        finally:
            self._reading.release()

    def _read_if_due(self) -> None:
        now = self._monotonic()
        if now < self._next_at:
            return
        self._read_at, self._next_at = now, now + PAUSE_SECONDS
        try:
            self._address = RedisAddress.parse(self._read(self._arn))
        except RedisAddressError as error:
            self._error = error
        else:
            self._next_at = now + CACHE_SECONDS


@functools.cache
def url_secret(arn: str) -> RedisUrlSecret:
    """The process's shared reader of that secret."""
    return RedisUrlSecret(arn)
