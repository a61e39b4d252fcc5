"""One reader of one log on a separate connection: first the stored entries, then new ones as they arrive."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from redis.exceptions import AskError

from chat.redis import scripts
from chat.redis.breaker.timeouts import awake_timeout
from chat.redis.client.async_calls import AsyncRedisCalls
from chat.redis.keys import LogKeys
from chat.redis.log.codec import decode, joined, split
from chat.redis.log.cursor import LogCursor
from chat.sharing.event_log import LogEntry

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

BLOCK_SECONDS = 1
"""How long a read blocks for new entries. Nothing else uses the connection."""
READ_COUNT = 1000
LEAST_EPOCH, GREATEST_EPOCH = 0, 2**64 - 1
"""The bounds of the second part of an entry's id."""

type Row = tuple[bytes, bytes, bytes]
"""Entry id, field and value."""


class RedisLogTail:
    """Reads a log in order. The creator closes it. Methods raise redis-py's errors unchanged."""

    def __init__(self, calls: AsyncRedisCalls, log: LogKeys, seen: int) -> None:
        self._calls = calls
        self._log = log
        self._last_id = seen
        self._reader = LogCursor(seen)
        self._connection: AbstractConnection | None = None
        # Packed once: with many followers in a process, packing would dominate its CPU time.
        options = b"XREAD", b"COUNT", b"%d" % READ_COUNT, b"BLOCK", b"%d" % (BLOCK_SECONDS * 1000), b"STREAMS"
        self._read_command = b"*8\r\n" + _packed(*options, log.stream.encode())

    async def start(self) -> Sequence[LogEntry]:
        """Opens the connection and returns the stored entries; the caller applies a timeout."""
        first = f"{self._last_id + 1}-{LEAST_EPOCH}"
        _, heads, values = await self._calls.run(scripts.READ, (self._log.stream, self._log.control), first)
        stored = list(joined(self._taken(split(heads, values))))
        self._connection = await self._calls.connection(self._log.stream)
        return stored

    async def next(self) -> Sequence[LogEntry]:
        """The entries appended since the last read; empty after a second without any."""
        try:
            rows = await self._read()
        except AskError:
            # Also when the key has moved to another node: the next read of the stored entries finds it.
            await self.close()
            async with awake_timeout(self._calls.timeout_seconds):
                return await self.start()
        return list(self._taken(rows))

    async def close(self) -> None:
        """Closes the connection without waiting for the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _read(self) -> Iterable[Row]:
        if self._connection is None:
            raise ConnectionError("the follower is closed")
        after = b"%d-%d" % (self._last_id, GREATEST_EPOCH)
        async with awake_timeout(BLOCK_SECONDS + self._calls.timeout_seconds):
            await self._connection.send_packed_command(self._read_command + _packed(after))
            answer = await self._connection.read_response(timeout=math.inf)
        return [(entry_id, name, value) for entry_id, (name, value) in answer[0][1]] if answer else []

    def _taken(self, rows: Iterable[Row]) -> Iterator[LogEntry]:
        for row in rows:
            epoch, entry = decode(*row)
            fresh = self._reader.advance(epoch, entry)
            self._last_id = max(self._last_id, entry.event_id)
            if fresh is not None:
                yield fresh


def _packed(*arguments: bytes) -> bytes:
    """A command as RESP bulk strings (https://redis.io/docs/latest/develop/reference/protocol-spec/#bulk-strings)."""
    return b"".join(b"$%d\r\n%b\r\n" % (len(argument), argument) for argument in arguments)
