"""The producer's side of the event log: it is whole again as soon as it can be written to."""

import asyncio

from chat.events import TYPING_ID, terminal_id
from chat.sessions import Lease
from chat.sharing.event_log import TerminalEntry
from chat_stream.generation.log_writer import LogWriter
from fakes.memory.event_log import MemoryEventLog, MemoryLogControl
from simulation.engine.loop import SimLoop
from simulation.engine.virtual import on_virtual_time

LEASE = Lease("session", 1)


class Writing:
    """A producer's log, and what it holds."""

    def __init__(self) -> None:
        self.log = MemoryEventLog()
        self.told: list[str] = []
        self.writer = LogWriter(
            self.log, LEASE, on_stop=lambda: self.told.append("stop"), on_lost=lambda: self.told.append("lost")
        )
        self.writer.start()
        self._text = ""

    def add(self, text: str) -> None:
        self._text += text
        self.writer.add(TYPING_ID + len(self._text), text)

    async def end(self) -> None:
        await self.writer.finish(TerminalEntry(terminal_id(self._text, completed=True), {"type": "done"}))

    @property
    def logged(self) -> str | None:
        return MemoryLogControl(self.log).text("session", epoch=1)


def test_log_that_loses_everything_gets_the_whole_text_again() -> None:
    async def main(_: SimLoop) -> None:
        writing = Writing()
        writing.add("one ")
        await asyncio.sleep(0.2)
        writing.log.lose_all()
        writing.add("two")
        await asyncio.sleep(0.2)
        assert writing.logged == "one two"
        await writing.end()
        assert isinstance(writing.log.entries("session")[-1], TerminalEntry)

    on_virtual_time(main)


def test_loss_is_noticed_although_the_model_is_silent() -> None:
    async def main(_: SimLoop) -> None:
        writing = Writing()
        writing.add("one")
        await asyncio.sleep(0.2)
        writing.log.lose_entries("session")
        await asyncio.sleep(0.2)
        assert writing.logged == "one"
        await writing.end()

    on_virtual_time(main)


def test_text_that_could_not_be_appended_follows_with_what_comes_later() -> None:
    async def main(_: SimLoop) -> None:
        writing = Writing()
        writing.add("one ")
        await asyncio.sleep(0.2)
        writing.log.failing = True
        writing.add("two ")
        await asyncio.sleep(3)
        writing.log.failing = False
        writing.add("three")
        await asyncio.sleep(0.6)
        assert writing.logged == "one two three"
        await writing.end()

    on_virtual_time(main)


def test_log_that_fails_to_the_end_holds_nobody_up() -> None:
    async def main(loop: SimLoop) -> None:
        writing = Writing()
        writing.log.failing = True
        writing.add("one")
        await asyncio.sleep(0.3)
        began = loop.time()
        await writing.end()
        assert loop.time() - began < 0.01

    on_virtual_time(main)


def test_stop_and_a_later_epoch_are_reported() -> None:
    async def main(_: SimLoop) -> None:
        writing = Writing()
        MemoryLogControl(writing.log).request_stop("session")
        await asyncio.sleep(0.2)
        await writing.log.append("session", epoch=2, entries=[])
        await asyncio.sleep(0.2)
        assert writing.told[0] == "stop"
        assert writing.told[-1] == "lost"
        await writing.end()

    on_virtual_time(main)
