"""The ports on Redis over a network: the memory doubles, behind a budget and a breaker for each process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import override

from chat.sharing.event_log import AppendResult, LogEntry, LogUnavailableError
from chat.sharing.response_cache import CachedAnswer
from fakes.memory.event_log import MemoryEventLog, MemoryLogControl
from fakes.memory.response_cache import MemoryResponseCache
from fakes.memory.single_flight import MemorySingleFlight
from simulation.engine.process import CURRENT, Process
from simulation.world.conditions import Conditions, Fault

BUDGET_SECONDS = 0.2
PROBE_SECONDS = 2.0


class RedisDownError(Exception):
    """No answer; the call may have been done."""


class Redis:
    """One server, as the processes reach it."""

    def __init__(self, conditions: Conditions) -> None:
        self.conditions = conditions
        self._probe_at: dict[Process, float] = {}
        """For each process whose breaker is open: when it looks again."""

    async def call[T](self, work: Callable[[], T], *, writes: bool = True) -> T:
        """Raises RedisDownError."""
        conditions = self.conditions
        fault = self._fault()
        if fault is Fault.DOWN or (fault is Fault.SLOW and conditions.random.random() < 1 / 2):
            await asyncio.sleep(BUDGET_SECONDS)
            if fault is Fault.SLOW:
                work()
            self._open()
            raise RedisDownError
        await asyncio.sleep(conditions.way_seconds(None))
        if fault is Fault.FAILS or (fault is Fault.FULL and writes):
            raise RedisDownError
        result = work()
        if fault is Fault.LOSES_ANSWERS:
            await asyncio.sleep(BUDGET_SECONDS)
            self._open()
            raise RedisDownError
        await asyncio.sleep(conditions.way_seconds(None))
        return result

    def call_blocking[T](self, work: Callable[[], T], *, writes: bool = True) -> T:
        """The same for a simulated thread. Raises RedisDownError."""
        conditions = self.conditions
        fault = self._fault()
        conditions.loop.pause(BUDGET_SECONDS if fault is Fault.DOWN else conditions.way_seconds(None))
        if fault in {Fault.DOWN, Fault.FAILS} or (fault is Fault.FULL and writes):
            raise RedisDownError
        result = work()
        conditions.loop.pause(conditions.way_seconds(None))
        if fault is Fault.LOSES_ANSWERS:
            raise RedisDownError
        return result

    def _fault(self) -> Fault | None:
        """Raises RedisDownError at once while the process's breaker is open."""
        process, now = CURRENT.get(), self.conditions.loop.time()
        probe_at = self._probe_at.get(process)
        if probe_at is not None:
            if now < probe_at or self.conditions.is_down():
                if now >= probe_at:
                    self._probe_at[process] = now + PROBE_SECONDS
                raise RedisDownError
            del self._probe_at[process]
        return self.conditions.fault()

    def _open(self) -> None:
        self._probe_at.setdefault(CURRENT.get(), self.conditions.loop.time() + PROBE_SECONDS / 20)


class SimEventLog(MemoryEventLog):
    """A `chat.sharing.event_log.EventLog`."""

    def __init__(self, redis: Redis) -> None:
        super().__init__()
        self._redis = redis

    def cut(self) -> None:
        """Who follows finds out now whether Redis is still there."""
        for wake in self._waiting:
            wake.set()

    @override
    async def append(self, session_id: str, *, epoch: int, after: int = 0, entries: Sequence[LogEntry]) -> AppendResult:
        try:
            return await self._redis.call(lambda: self.append_now(session_id, epoch, after, entries))
        except RedisDownError as error:
            raise LogUnavailableError from error

    @override
    async def text(self, session_id: str, *, epoch: int) -> str | None:
        try:
            return await self._redis.call(lambda: self.text_now(session_id, epoch), writes=False)
        except RedisDownError:
            return None

    @override
    @asynccontextmanager
    async def follow(self, session_id: str, *, seen: int) -> AsyncIterator[AsyncIterator[LogEntry | None]]:
        try:
            await self._redis.call(lambda: None, writes=False)
        except RedisDownError as error:
            raise LogUnavailableError from error
        async with super().follow(session_id, seen=seen) as entries:
            yield entries

    @override
    def _check(self) -> None:
        if self._redis.conditions.is_down():
            raise LogUnavailableError


class SimResponseCache:
    """A `chat.sharing.response_cache.ResponseCache`."""

    def __init__(self, redis: Redis, cache: MemoryResponseCache) -> None:
        self._redis = redis
        self._cache = cache

    async def get(self, key: str) -> CachedAnswer | None:
        try:
            return await self._redis.call(lambda: self._cache.answers.get(key), writes=False)
        except RedisDownError:
            return None

    async def put(self, key: str, answer: CachedAnswer) -> None:
        try:
            await self._redis.call(lambda: self._cache.answers.__setitem__(key, answer))
        except RedisDownError:
            return


class SimSingleFlight:
    """A `chat.sharing.single_flight.SingleFlight`."""

    def __init__(self, redis: Redis, flight: MemorySingleFlight, claimed: Callable[[str], None]) -> None:
        """`claimed` is called with each session that claims."""
        self._redis = redis
        self._flight = flight
        self._claimed = claimed

    async def claim(self, key: str, session_id: str) -> str:
        self._claimed(session_id)
        try:
            return await self._redis.call(lambda: self._flight.claim_now(key, session_id))
        except RedisDownError:
            return session_id

    async def renew(self, key: str, session_id: str) -> None:
        try:
            await self._redis.call(lambda: self._flight.renew_now(key, session_id))
        except RedisDownError:
            return

    async def release(self, key: str, session_id: str) -> None:
        try:
            await self._redis.call(lambda: self._flight.release_now(key, session_id))
        except RedisDownError:
            return


class SimLogControl:
    """A `chat.sharing.event_log.LogControl`, for simulated threads."""

    def __init__(self, redis: Redis, control: MemoryLogControl) -> None:
        self._redis = redis
        self._control = control

    def request_stop(self, session_id: str) -> None:
        try:
            self._redis.call_blocking(lambda: self._control.request_stop(session_id))
        except RedisDownError:
            return

    def text(self, session_id: str, *, epoch: int) -> str | None:
        try:
            return self._redis.call_blocking(lambda: self._control.text(session_id, epoch=epoch), writes=False)
        except RedisDownError:
            return None
