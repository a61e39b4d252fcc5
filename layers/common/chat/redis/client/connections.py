"""redis-py clients built from the settings, and the separate connections of followers.

Nothing here reads a secret, connects or starts a thread before the first call, and no call is retried. redis-py is
imported only when a client is created, because the import takes 0.1 s.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chat.redis.settings import RedisSettings

if TYPE_CHECKING:
    from redis import Redis, RedisCluster
    from redis.asyncio import Redis as AsyncRedis
    from redis.asyncio import RedisCluster as AsyncRedisCluster
    from redis.asyncio.connection import AbstractConnection

    type Client = Redis | RedisCluster
    type AsyncClient = AsyncRedis | AsyncRedisCluster

MAX_CONNECTIONS = 1000
"""Exceeds the concurrent calls and followers: redis-py raises an error when its pool is exhausted."""
CLOSING_SECONDS = 1.0
"""How long a connection may take to close."""


def build_ahead(settings: RedisSettings) -> None:
    """Imports and builds what an `async_client` needs, without I/O: a process has most CPU while it starts."""
    import chat.redis.client.known_keys

    if settings.redis_iam_user is not None:
        import chat.redis.client.iam
    if settings.redis_url_secret_arn is not None:
        import chat.redis.client.secret_connections  # noqa: F401  # imported lazily later
        from chat.secrets_manager import secrets_provider

        secrets_provider()


def async_client(settings: RedisSettings) -> "AsyncClient":
    """A client for one event loop, without timeouts: the caller applies them.

    To a cluster whose address is in a secret it leads only once that has been read: `prepare` does.

    Raises:
        RedisAddressError: the secret could not be read.
    """
    from redis.asyncio import Redis, RedisCluster
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    from chat.redis.client.known_keys import KnownKeys

    options = _options(settings, asynchronous=True) | {
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": None,
        "socket_connect_timeout": CLOSING_SECONDS,
        "max_connections": MAX_CONNECTIONS,
    }
    if not settings.redis_cluster:
        return Redis.from_url(_url(settings), **options)
    cluster = RedisCluster.from_url(_url(settings), **options)
    cluster.commands_parser = KnownKeys()
    return cluster


def sync_client(settings: RedisSettings) -> "Client":
    """A client for threads; a cluster's client discovers its nodes here.

    Each step of a call (connecting, authenticating, the command) is limited by the budget, not their sum.

    Raises:
        RedisAddressError: to a cluster, the secret with its address could not be read.
    """
    from redis import Redis, RedisCluster
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    options = _options(settings, asynchronous=False) | {
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": settings.redis_timeout_seconds,
        "socket_connect_timeout": settings.redis_timeout_seconds,
    }
    return (RedisCluster if settings.redis_cluster else Redis).from_url(_url(settings), **options)


async def own_connection(client: "AsyncClient", key: str) -> "AbstractConnection":
    """A connected connection to the node that has `key`; the caller disconnects it."""
    from redis.asyncio import RedisCluster

    if isinstance(client, RedisCluster):
        await client.initialize()
        node = client.get_node_from_key(key)
        if node is None:
            raise ConnectionError("no node has the key")
        connection: AbstractConnection = node.connection_class(**node.connection_kwargs)
    else:
        connection = client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
    await connection.connect()  # type: ignore[no-untyped-call]
    return connection


def prepare(settings: RedisSettings) -> None:
    """Reads the secret with the address, if one is configured. The first call waits for it, outside its timeout."""
    if settings.redis_url_secret_arn is not None:
        from chat.redis.client.url_secret import RedisAddressError, url_secret

        with suppress(RedisAddressError):  # the call reports it
            url_secret(settings.redis_url_secret_arn).address()


def _options(settings: RedisSettings, *, asynchronous: bool) -> dict[str, Any]:
    """RESP 2 and no driver information: without a password a new connection needs no round trip."""
    options: dict[str, Any] = {"protocol": 2, "driver_info": None}
    if settings.redis_iam_user is not None and settings.redis_cache_name is not None:
        from chat.redis.client.iam import iam_credentials

        host = urlsplit(settings.redis_url or "").hostname or ""
        options["credential_provider"] = iam_credentials(
            user=settings.redis_iam_user, cache_name=settings.redis_cache_name, host=host
        )
    if settings.redis_url_secret_arn is not None:
        from chat.redis.client.secret_connections import secret_options
        from chat.redis.client.url_secret import url_secret

        secret = url_secret(settings.redis_url_secret_arn)
        options |= secret_options(secret, cluster=settings.redis_cluster, asynchronous=asynchronous)
    return options


def _url(settings: RedisSettings) -> str:
    if settings.redis_url_secret_arn is not None:
        from chat.redis.client.secret_connections import secret_url
        from chat.redis.client.url_secret import url_secret

        return secret_url(url_secret(settings.redis_url_secret_arn), cluster=settings.redis_cluster)
    if settings.redis_url is None:
        raise ValueError("there is no REDIS_URL")
    return settings.redis_url
