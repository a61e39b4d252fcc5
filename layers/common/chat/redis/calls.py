"""Calls to Redis from an event loop, each within the budget and behind the breaker."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from redis.asyncio import RedisCluster
from redis.exceptions import NoScriptError, ReadOnlyError

from chat.redis.breaker import Breaker
from chat.redis.cache_errors import CacheErrors
from chat.redis.connections import async_client, build_ahead, own_connection, prepare
from chat.redis.outage import Outage
from chat.redis.scripts import Argument, KnownScripts, Script
from chat.redis.settings import RedisSettings

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

    from chat.redis.connections import AsyncClient


class RedisCalls:
    """One client, and the breaker that all its calls share. It belongs to the event loop that first uses it."""

    def __init__(self, settings: RedisSettings, errors: CacheErrors, outage: Outage | None = None) -> None:
        build_ahead(settings)
        self._settings = settings
        self._client: AsyncClient | None = None
        self._making = asyncio.Lock()
        self._scripts = KnownScripts()
        self.errors = errors
        self.budget_seconds = settings.redis_timeout_seconds
        self.breaker = Breaker(
            self._ping, budget_seconds=self.budget_seconds, errors=errors, outage=outage, prepare=self._made
        )

    async def command(self, operation: str, *args: Argument) -> Any:
        """Redis's answer to a command whose first argument is its key.

        Raises:
            RedisUnavailableError: there is none.
        """
        return await self.breaker.call(operation, lambda: self._execute(*args))

    async def script(self, operation: str, script: Script, keys: Sequence[str], *args: Argument) -> Any:
        """What the script returns.

        Raises:
            RedisUnavailableError: nothing; it may or may not have run.
        """
        return await self.breaker.call(operation, lambda: self.run(script, keys, *args))

    async def run(self, script: Script, keys: Sequence[str], *args: Argument) -> Any:
        """As `script`, inside a call of the breaker's: raises redis-py's errors."""
        try:
            answer = await self._execute(*self._scripts.command(script, keys, *args))
        except NoScriptError:
            answer = await self._execute(*self._scripts.command(script, keys, *args, whole=True))
        self._scripts.answered(script)
        return answer

    async def connection(self, key: str) -> "AbstractConnection":
        """A connection of the caller's own, inside a call of the breaker's."""
        return await own_connection(await self._made(), key)

    async def close(self) -> None:
        """Closes the pool's connections."""
        await self.breaker.close()
        if self._client is not None:
            await self._client.aclose()

    async def _made(self) -> "AsyncClient":
        """The client. The first call makes it, and waits for the secret with the address where there is one."""
        if self._client is not None:
            return self._client
        async with self._making:
            if self._client is None:
                if self._settings.redis_url_secret_arn is not None:
                    await asyncio.to_thread(prepare, self._settings)
                self._client = async_client(self._settings)
            return self._client

    async def _execute(self, *args: Argument) -> Any:
        client = await self._made()
        try:
            return await client.execute_command(*args)
        except ReadOnlyError:
            # The address has a new primary, and the connections are to the old one.
            if not isinstance(client, RedisCluster):
                await client.connection_pool.disconnect(inuse_connections=False)
            raise

    async def _ping(self) -> object:
        """All of a cluster's primaries: a cluster that lacks one would soon use up a budget again."""
        client = await self._made()
        targets = {"target_nodes": RedisCluster.PRIMARIES} if isinstance(client, RedisCluster) else {}
        return await client.execute_command("PING", **targets)
