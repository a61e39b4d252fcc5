"""The event log in memory, and its control; it can be made to fail."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from chat.redis.log.codec import BrokenLogError
from chat.redis.log.cursor import LogCursor
from chat.sharing.event_log import AppendResult, LogEntry, LogUnavailableError, TextEntry


@dataclass(slots=True)
class _Log:
    """A generation's stream and, beside it, its control hash: each can be lost without the other."""

    epoch: int = 0
    last_id: int = 0
    stop: bool = False
    entries: list[LogEntry] = field(default_factory=list)
    begun: int = 0
    """Counts its epochs."""


class MemoryEventLog:
    """Logs of one event loop. While `failing`, appends raise and followers lose their connection."""

    def __init__(self, *, idle_seconds: float = 1.0) -> None:
        self._logs: dict[str, _Log] = {}
        self._waiting: dict[asyncio.Event, str] = {}
        self._idle_seconds = idle_seconds
        self._failing = False
        self.full = False
        """Appends are refused, and followers wait."""
        self.appends = 0
        """How many appends were tried, with or without entries."""

    @property
    def followers(self) -> int:
        """How many follow at this moment."""
        return len(self._waiting)

    @property
    def failing(self) -> bool:
        return self._failing

    @failing.setter
    def failing(self, failing: bool) -> None:
        self._failing = failing
        for wake in self._waiting:
            wake.set()

    def log(self, session_id: str) -> _Log:
        return self._logs.setdefault(session_id, _Log())

    def lose_all(self) -> None:
        """FLUSHALL, or a failover to an empty replica."""
        for session_id, log in self._logs.items():
            self._logs[session_id] = _Log(begun=log.begun + 1)

    def lose_entries(self, session_id: str) -> None:
        """The stream is evicted, and its control hash is not."""
        log = self.log(session_id)
        log.entries = []
        log.begun += 1

    def entries(self, session_id: str) -> list[LogEntry]:
        """What a new follower would be given."""
        return list(self.log(session_id).entries)

    async def append(self, session_id: str, *, epoch: int, after: int = 0, entries: Sequence[LogEntry]) -> AppendResult:
        self.appends += 1
        self._check()
        if self.full:
            raise LogUnavailableError
        return self.append_now(session_id, epoch, after, entries)

    def append_now(self, session_id: str, epoch: int, after: int, entries: Sequence[LogEntry]) -> AppendResult:
        """What `append.lua` does."""
        log = self.log(session_id)
        if epoch < log.epoch:
            return AppendResult.LOST
        last_id = 0 if epoch > log.epoch or not log.entries else log.last_id
        if last_id < after:
            return AppendResult.GAP
        if epoch > log.epoch or not last_id:
            log.epoch, log.last_id, log.entries = epoch, 0, []
            log.begun += 1
        for entry in entries:
            if entry.event_id > log.last_id:
                log.entries.append(entry)
                log.last_id = entry.event_id
        if entries:
            self._wake(session_id)
        return AppendResult.STOP if log.stop else AppendResult.CONTINUE

    @asynccontextmanager
    async def follow(self, session_id: str, *, seen: int) -> AsyncIterator[AsyncIterator[LogEntry | None]]:
        self._check()
        wake = asyncio.Event()
        self._waiting[wake] = session_id
        try:
            async with aclosing(self._follow(session_id, seen, wake)) as entries:
                yield entries
        finally:
            del self._waiting[wake]

    async def _follow(self, session_id: str, seen: int, wake: asyncio.Event) -> AsyncGenerator[LogEntry | None]:
        reader, at, begun = LogCursor(seen), 0, -1
        while True:
            wake.clear()
            self._check()
            log = self.log(session_id)
            if begun != log.begun:
                at, begun = 0, log.begun
            epoch, batch, at = log.epoch, log.entries[at:], len(log.entries)
            for entry in batch:
                if (fresh := _taken(reader, epoch, entry)) is not None:
                    yield fresh
            if not batch and not await self._woken(wake):
                yield None

    async def _woken(self, wake: asyncio.Event) -> bool:
        try:
            async with asyncio.timeout(self._idle_seconds):
                await wake.wait()
        except TimeoutError:
            return False
        return True

    async def text(self, session_id: str, *, epoch: int) -> str | None:
        return self.text_now(session_id, epoch)

    def text_now(self, session_id: str, epoch: int) -> str | None:
        """As `text`, for synchronous callers."""
        log, reader = self.log(session_id), LogCursor(seen=0)
        if self.failing or log.epoch != epoch:
            return None
        try:
            entries = [reader.advance(epoch, entry) for entry in log.entries]
        except BrokenLogError:
            return None
        return "".join(entry.text for entry in entries if isinstance(entry, TextEntry)) or None

    def _wake(self, session_id: str) -> None:
        for wake, of_session in self._waiting.items():
            if of_session == session_id:
                wake.set()

    def _check(self) -> None:
        if self._failing:
            raise LogUnavailableError


def _taken(reader: LogCursor, epoch: int, entry: LogEntry) -> LogEntry | None:
    try:
        return reader.advance(epoch, entry)
    except BrokenLogError as error:
        raise LogUnavailableError from error


class MemoryLogControl:
    """The control of a `MemoryEventLog`'s logs."""

    def __init__(self, log: MemoryEventLog) -> None:
        self._log = log

    def request_stop(self, session_id: str) -> None:
        if not self._log.failing:
            self._log.log(session_id).stop = True

    def text(self, session_id: str, *, epoch: int) -> str | None:
        return self._log.text_now(session_id, epoch)
