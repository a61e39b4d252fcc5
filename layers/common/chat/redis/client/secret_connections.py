"""redis-py connections that read the address from the secret whenever they connect."""

import asyncio
from typing import Any, override

from redis.asyncio.connection import SSLConnection as AsyncSSLConnection
from redis.connection import SSLConnection
from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError

from chat.redis.client.url_secret import RedisUrlSecret

_NOWHERE = "redis.invalid"
"""A name that never resolves (RFC 6761)."""


def secret_options(secret: RedisUrlSecret, *, cluster: bool, asynchronous: bool) -> dict[str, Any]:
    """Options for a client of `secret_url`."""
    if cluster:
        return {"credential_provider": _Credentials(secret)}
    return {"connection_class": _AsyncSecretConnection if asynchronous else _SecretConnection, "secret": secret}


def secret_url(secret: RedisUrlSecret, *, cluster: bool) -> str:
    """The address for a client, without credentials; the connections of `secret_options` replace it.

    Raises:
        RedisAddressError: that of a cluster is not known.
    """
    if not cluster:
        return f"redis://{_NOWHERE}"  # with rediss:, redis-py would choose its own connection class
    address = secret.address()
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"rediss://{host}:{address.port}"


class _SecretConnection(SSLConnection):
    """Sets the credentials in `_connect`, which runs before redis-py authenticates the connection with them."""

    def __init__(self, *, secret: RedisUrlSecret, **options: Any) -> None:
        super().__init__(**options)
        self._secret = secret

    @override
    def _connect(self) -> Any:
        _take_address(self, self._secret)
        return super()._connect()  # type: ignore[no-untyped-call]

    @override
    def on_connect_check_health(self, check_health: bool = True) -> None:
        try:
            super().on_connect_check_health(check_health)
        except AuthenticationError:
            self._secret.refused()
            raise


class _AsyncSecretConnection(AsyncSSLConnection):
    """The same for an event loop."""

    def __init__(self, *, secret: RedisUrlSecret, **options: Any) -> None:
        super().__init__(**options)
        self._secret = secret

    @override
    async def _connect(self) -> None:
        await asyncio.to_thread(_take_address, self, self._secret)
        await super()._connect()  # type: ignore[no-untyped-call]

    @override
    async def on_connect_check_health(self, check_health: bool = True) -> None:
        try:
            await super().on_connect_check_health(check_health)
        except AuthenticationError:
            self._secret.refused()
            raise


class _Credentials(CredentialProvider):
    """User and password for the nodes of a cluster; empty if the address has none."""

    def __init__(self, secret: RedisUrlSecret) -> None:
        self._secret = secret

    # redis-py sends no AUTH for an empty tuple, which its types do not allow.
    @override
    def get_credentials(self) -> tuple[str, ...]:  # type: ignore[override]
        address = self._secret.address()
        return tuple(part for part in (address.username, address.password) if part is not None)

    @override
    async def get_credentials_async(self) -> tuple[str, ...]:  # type: ignore[override]
        return await asyncio.to_thread(self.get_credentials)


def _take_address(connection: SSLConnection | AsyncSSLConnection, secret: RedisUrlSecret) -> None:
    address = secret.address()
    connection.host, connection.port, connection.db = address.host, address.port, address.db
    connection.username, connection.password = address.username, address.password
