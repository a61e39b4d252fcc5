"""Calls to Redis from an event loop, each with one timeout and behind the process's breaker."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from redis.asyncio import RedisCluster
from redis.exceptions import NoScriptError, ReadOnlyError

from chat.redis.breaker.breaker import Breaker, RedisUnavailableError
from chat.redis.breaker.timeouts import awake_timeout
from chat.redis.client.connections import async_client, build_ahead, own_connection, prepare
from chat.redis.scripts import Argument, KnownScripts, Script
from chat.redis.settings import RedisSettings

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

    from chat.redis.client.connections import AsyncClient


MAX_CALLS = 16
"""The most concurrent calls, which bounds the number of connections. Further calls queue; the time in the queue is not
part of their timeout."""


class AsyncRedisCalls:
    """One client, bound to the event loop that first uses it. No call is retried."""

    def __init__(self, settings: RedisSettings, breaker: Breaker) -> None:
        build_ahead(settings)
        self.breaker = breaker
        self.timeout_seconds = settings.redis_timeout_seconds
        self._settings = settings
        self._client: AsyncClient | None = None
        self._making = asyncio.Lock()
        self._turns = asyncio.Semaphore(MAX_CALLS)
        self._probing: asyncio.Task[None] | None = None
        self._scripts = KnownScripts()

    async def call[T](self, operation: str, work: Callable[[], Awaitable[T]]) -> T:
        """Runs `work` once, within the timeout.

        Raises:
            RedisUnavailableError: it timed out, Redis refused, or the breaker is open. The failure has been counted.
        """
        try:
            async with self._turns:
                self.breaker.check(operation)
                return await self._in_time(work)
        except RedisUnavailableError:
            raise
        except Exception as error:
            self.failed(operation, error)
            raise RedisUnavailableError(operation) from error

    def failed(self, operation: str, error: Exception) -> None:
        """Counts a failure on the caller's own connection, and opens the breaker unless Redis refused the command."""
        if self.breaker.failed(operation, error):
            self._probing = asyncio.create_task(self._probe())

    async def command(self, operation: str, *args: Argument) -> Any:
        """Redis's reply to a command whose first argument is its key.

        Raises:
            RedisUnavailableError: no reply.
        """
        return await self.call(operation, lambda: self._execute(*args))

    async def script(self, operation: str, script: Script, keys: Sequence[str], *args: Argument) -> Any:
        """The script's result.

        Raises:
            RedisUnavailableError: there is none; the script may or may not have run.
        """
        return await self.call(operation, lambda: self.run(script, keys, *args))

    async def run(self, script: Script, keys: Sequence[str], *args: Argument) -> Any:
        """Like `script`, for use inside a `call`: raises redis-py's errors."""
        try:
            answer = await self._execute(*self._scripts.command(script, keys, *args))
        except NoScriptError:
            answer = await self._execute(*self._scripts.command(script, keys, *args, whole=True))
        self._scripts.answered(script)
        return answer

    async def connection(self, key: str) -> "AbstractConnection":
        """A new connection owned by the caller, for use inside a `call`."""
        return await own_connection(await self._made(), key)

    async def close(self) -> None:
        """Ends the probes and closes the connections."""
        probing, self._probing = self._probing, None
        if probing is not None:
            probing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await probing
            self.breaker.close()
        if self._client is not None:
            await self._client.aclose()

    async def _in_time[T](self, work: Callable[[], Awaitable[T]]) -> T:
        await self._made()  # the secret with the address is read outside the timeout
        async with awake_timeout(self.timeout_seconds):
            return await work()

    async def _probe(self) -> None:
        answered = False
        while not answered:
            await asyncio.sleep(self.breaker.next_pause())
            with contextlib.suppress(Exception):  # any failure means that Redis is still down
                await self._in_time(self._ping)
                answered = True
        self._probing = None
        self.breaker.answered()

    async def _made(self) -> "AsyncClient":
        """The client. The first call creates it, after reading the secret with the address if one is configured."""
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
            # The primary behind the address has changed, and the connections lead to the old one.
            if not isinstance(client, RedisCluster):
                await client.connection_pool.disconnect(inuse_connections=False)
            raise

    async def _ping(self) -> object:
        """Pings all primaries of a cluster: one that is missing would soon use up a call's timeout again."""
        client = await self._made()
        targets = {"target_nodes": RedisCluster.PRIMARIES} if isinstance(client, RedisCluster) else {}
        return await client.execute_command("PING", **targets)
