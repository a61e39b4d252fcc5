"""The event log: a Redis Stream for each generation, and a hash beside it."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

from chat.redis import keys, scripts
from chat.redis.breaker.breaker import RedisUnavailableError
from chat.redis.client.async_calls import AsyncRedisCalls
from chat.redis.log.codec import BrokenLogError, encode
from chat.redis.log.cursor import logged_text
from chat.redis.log.tail import RedisLogTail
from chat.sessions import STREAM_LIFETIME_SECONDS
from chat.sharing.event_log import AppendResult, LogEntry, LogUnavailableError

_RESULTS = (AppendResult.CONTINUE, AppendResult.STOP, AppendResult.LOST, AppendResult.GAP)
"""Errors by the result of `append.lua`."""


class RedisEventLog:
    """See `chat.sharing.event_log.EventLog`."""

    def __init__(self, calls: AsyncRedisCalls) -> None:
        self._calls = calls

    async def append(self, session_id: str, *, epoch: int, after: int = 0, entries: Sequence[LogEntry]) -> AppendResult:
        log = keys.log(session_id)
        arguments = [part for entry in entries for part in encode(entry)]
        try:
            result = await self._calls.script(
                "log_append",
                scripts.APPEND,
                (log.stream, log.control),
                epoch,
                STREAM_LIFETIME_SECONDS,
                after,
                *arguments,
            )
        except RedisUnavailableError as error:
            raise LogUnavailableError from error
        return _RESULTS[result]

    async def text(self, session_id: str, *, epoch: int) -> str | None:
        log = keys.log(session_id)
        try:
            reply = await self._calls.script("log_text", scripts.READ, (log.stream, log.control), 0)
            return logged_text(reply, epoch)
        except RedisUnavailableError:
            return None
        except BrokenLogError:
            self._calls.breaker.errors.count("log_text")
            return None

    @asynccontextmanager
    async def follow(self, session_id: str, *, seen: int) -> AsyncIterator[AsyncIterator[LogEntry | None]]:
        tail = RedisLogTail(self._calls, keys.log(session_id), seen)
        try:
            try:
                stored = await self._calls.call("log_follow", tail.start)
            except RedisUnavailableError as error:
                raise LogUnavailableError from error
            async with aclosing(self._entries(tail, stored)) as entries:
                yield entries
        finally:
            await tail.close()

    async def _entries(self, tail: RedisLogTail, batch: Sequence[LogEntry]) -> AsyncGenerator[LogEntry | None]:
        while True:
            for entry in batch:
                yield entry
            try:
                batch = await tail.next()
            except Exception as error:
                self._calls.failed("log_follow", error)
                raise LogUnavailableError from error
            if not batch:
                yield None
