"""Whoever reads what another request writes: from log and record, whichever is ahead, however they fail."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

import pytest

from chat.errors import StorageError
from chat.events import TYPING_ID, terminal_id
from chat.messages import MessageKind
from chat.sessions import Lease, Session, SessionState
from chat.sharing.event_log import TerminalEntry, TextEntry
from chat_stream.readers.session_reader import PATIENCE_SECONDS, SessionReaders
from fakes.memory.database import MemoryDatabase
from fakes.memory.event_log import MemoryEventLog
from fakes.memory.session_store import MemorySessionStore
from simulation.engine.loop import SimLoop
from simulation.engine.virtual import on_virtual_time

LEASE = Lease("session", 1)
POLL_SECONDS = 0.5


class SlowSessionStore(MemorySessionStore):
    """Each reading takes so long."""

    def __init__(self, database: MemoryDatabase, loop: SimLoop) -> None:
        super().__init__(database)
        self.loop = loop
        self.seconds = 0.01
        self.reads = 0

    def get(self, session_id: str) -> Session | None:
        self.reads += 1
        self.loop.pause(self.seconds)
        return super().get(session_id)


class Reading:
    """A session that somebody else produces, and a reader of it; `shown` is what has come, `items` all of it."""

    def __init__(self, loop: SimLoop, *, seen: int = 0) -> None:
        self.loop = loop
        self.database = MemoryDatabase()
        self.sessions = SlowSessionStore(self.database, loop)
        self.log = MemoryEventLog()
        self.text = ""
        self.shown = ""
        self.items: list[object] = []
        self.came_at = 0.0
        self.database.sessions["session"] = Session(
            "session",
            "alice",
            "chat",
            "model",
            MessageKind.CHAT,
            "1",
            "2",
            0.0,
            600.0,
            state=SessionState.STREAMING,
            epoch=1,
            lease_expires_at=1e9,
        )
        readers = SessionReaders(self.sessions, self.log, POLL_SECONDS)
        self._items = readers.read("session", seen=seen)
        self.task = asyncio.create_task(self._read())

    async def write(self, text: str) -> None:
        """The producer writes that to its log."""
        after = TYPING_ID + len(self.text) if self.text else 0
        self.text += text
        await self.log.append("session", epoch=1, after=after, entries=[TextEntry(TYPING_ID + len(self.text), text)])

    def checkpoint(self) -> None:
        self.sessions.checkpoint(LEASE, text=self.text, now=0.0, lease_seconds=1e9)

    async def within(self, seconds: float, shown: str) -> None:
        """Fails unless that is shown by then."""
        async with asyncio.timeout(seconds):
            while self.shown != shown:
                await asyncio.sleep(0.01)

    async def _read(self) -> None:
        async with aclosing(self._items) as items:
            async for item in items:
                self.items.append(item)
                if isinstance(item, TextEntry):
                    assert item.event_id == TYPING_ID + len(self.shown) + len(item.text)
                    self.shown += item.text


def reading_test(work: Callable[[Reading], Awaitable[None]], *, seen: int = 0) -> None:
    async def main(loop: SimLoop) -> None:
        reading = Reading(loop, seen=seen)
        await work(reading)
        reading.task.cancel()

    on_virtual_time(main)


def test_log_is_read_as_it_grows() -> None:
    async def work(reading: Reading) -> None:
        for text in ("one ", "two ", "three"):
            await reading.write(text)
            await reading.within(0.05, reading.text)

    reading_test(work)


def test_reader_whose_log_failed_goes_back_to_it() -> None:
    """The producer's log is healthy, and its record holds no text: the reader must not wait for the end."""

    async def work(reading: Reading) -> None:
        await reading.write("one ")
        reading.log.failing = True
        await asyncio.sleep(0.3)
        reading.log.failing = False
        await reading.write("two")
        await reading.within(3, "one two")

    reading_test(work)


def test_record_is_read_while_the_log_cannot_be_reached() -> None:
    async def work(reading: Reading) -> None:
        await reading.write("one ")
        reading.log.failing = True
        reading.text += "two"
        reading.checkpoint()
        await reading.within(1, "one two")

    reading_test(work)


def test_record_is_read_while_the_producer_cannot_write_to_the_log() -> None:
    """A full Redis can be read, and says nothing."""

    async def work(reading: Reading) -> None:
        await reading.write("one ")
        await reading.within(0.5, "one ")
        reading.text += "two"
        reading.checkpoint()
        await reading.within(2.1, "one two")

    reading_test(work)


def test_slow_record_does_not_hold_up_the_log() -> None:
    async def work(reading: Reading) -> None:
        reading.sessions.seconds = 20.0
        await asyncio.sleep(2)  # it is being read
        await reading.write("one")
        await reading.within(0.05, "one")

    reading_test(work)


def test_record_is_seldom_read_while_the_log_has_news() -> None:
    async def work(reading: Reading) -> None:
        for _ in range(100):
            await reading.write("x")
            await asyncio.sleep(0.1)
        assert reading.sessions.reads <= 3

    reading_test(work)


def test_outage_of_the_database_is_survived_while_the_log_lives() -> None:
    async def work(reading: Reading) -> None:
        reading.database.failing = True
        for _ in range(50):
            await asyncio.sleep(1)
            await reading.write("x")
        await reading.within(0.1, "x" * 50)

    reading_test(work)


def test_outage_of_both_is_survived_for_a_while_and_then_an_error() -> None:
    async def work(reading: Reading) -> None:
        reading.database.failing = reading.log.failing = True
        await asyncio.sleep(PATIENCE_SECONDS - 5)
        assert not reading.task.done()
        await asyncio.sleep(10)
        with pytest.raises(StorageError):
            await reading.task

    reading_test(work)


def test_record_that_cannot_be_understood_ends_the_reader_with_an_error() -> None:
    async def work(reading: Reading) -> None:
        reading.log.failing = True

        def broken(_session_id: str) -> None:
            raise ValueError("a state of another version")

        reading.sessions.get = broken  # type: ignore[method-assign, assignment]
        await asyncio.sleep(3)
        with pytest.raises(ValueError, match="another version"):
            await reading.task

    reading_test(work)


def test_end_of_a_log_that_lacks_text_is_left_to_the_record() -> None:
    async def work(reading: Reading) -> None:
        reading.log.failing = True
        await asyncio.sleep(0.1)
        reading.log.lose_all()
        reading.log.append_now("session", 1, 0, [TextEntry(9, "cd"), TerminalEntry(10, {"type": "done"})])
        reading.log.failing = False
        await asyncio.sleep(3)
        assert not any(isinstance(item, TerminalEntry) for item in reading.items)
        stored = reading.database.sessions["session"]
        reading.database.sessions["session"] = replace(stored, state=SessionState.COMPLETED)
        await asyncio.sleep(1)
        last = reading.items[-1]
        assert isinstance(last, Session)
        assert last.state is SessionState.COMPLETED

    reading_test(work)


def test_reader_that_has_seen_a_part_gets_the_rest_and_the_end() -> None:
    async def work(reading: Reading) -> None:
        reading.shown = "on"
        await reading.write("one")
        await reading.log.append(
            "session", epoch=1, entries=[TerminalEntry(terminal_id("one", completed=True), {"type": "done"})]
        )
        await asyncio.sleep(0.1)
        assert reading.shown == "one"
        assert isinstance(reading.items[-1], TerminalEntry)

    reading_test(work, seen=3)
