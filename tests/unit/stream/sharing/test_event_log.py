"""Following, resuming and stopping through the event log, and without it when it fails."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from chat.messages import Usage
from chat.sessions import Lease
from chat.sessions.settling import settle
from chat.sharing.event_log import AppendResult, LogEntry, TerminalEntry
from chat_stream.providers.port import Finish
from fakes import sse
from fakes.functions.stream_world import StreamWorld
from fakes.memory.database import MemoryDatabase
from fakes.memory.session_store import MemorySessionStore
from fakes.providers.scripted import Pause

FINISH = Finish("stop", Usage(7, 4))


async def test_every_client_gets_every_event_once_and_live() -> None:
    pauses = [Pause() for _ in range(3)]
    world = StreamWorld(["one", pauses[0], " two", pauses[1], " three", pauses[2], FINISH], shared=True)
    session = world.start("Hi")
    first = asyncio.create_task(world.read(session))
    await pauses[0].reached.wait()
    clients = [world.client(session), world.client(session, seen=1 + len("on"))]
    running = [asyncio.create_task(client.events()) for client in clients]
    for pause, word in zip(pauses, (b"one", b" two", b" three"), strict=True):
        await pause.reached.wait()
        await clients[0].until(word + b'"')
        pause.released.set()

    whole, rest = [await task for task in running]

    assert sse.text_of(await first) == sse.text_of(whole) == "one two three"
    assert sse.text_of(rest) == "e two three"
    assert whole[-1] == rest[-1]
    assert world.log.followers == 0


async def test_log_holds_what_the_client_was_sent_and_the_end() -> None:
    world = StreamWorld(["one", " two", FINISH], shared=True)
    session = world.start("Hi")
    events = await world.read(session)

    assert world.control.text(session.session_id, epoch=1) == "one two"
    assert world.log.entries(session.session_id)[-1].event_id == int(events[-1].id)


async def test_client_does_not_wait_for_the_end_of_the_log() -> None:
    world = StreamWorld(["one", FINISH], shared=True)
    held = asyncio.Event()
    append = world.log.append

    async def append_slowly(
        session_id: str, *, epoch: int, after: int = 0, entries: Sequence[LogEntry]
    ) -> AppendResult:
        if any(isinstance(entry, TerminalEntry) for entry in entries):
            await held.wait()
        return await append(session_id, epoch=epoch, after=after, entries=entries)

    world.log.append = append_slowly  # type: ignore[method-assign]  # a log that takes its time
    client = world.client(world.start("Hi"))
    running = asyncio.create_task(client.run())

    async with asyncio.timeout(5):
        await client.ended.wait()

    held.set()
    await running


async def test_stop_through_the_log_is_seen_before_the_record_is_looked_at() -> None:
    pause = Pause()
    world = StreamWorld(["part", pause, FINISH], shared=True, STOP_POLL_SECONDS="2", LEASE_SECONDS="10")
    session = world.start("Hi")
    running = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    begun = asyncio.get_running_loop().time()
    world.control.request_stop(session.session_id)

    events = await running

    assert events[-1].data["finishReason"] == "stopped"
    assert asyncio.get_running_loop().time() - begun < 1
    assert world.provider.open_streams == 0


@pytest.mark.parametrize("when", ["before", "after"])
async def test_log_that_fails_is_replaced_by_checkpoints(when: str) -> None:
    pause = Pause()
    world = StreamWorld(["one", " two", pause, " three", FINISH], shared=True)
    session = world.start("Hi")
    world.log.failing = when == "before"
    first = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    follower = asyncio.create_task(world.read(session))
    await asyncio.sleep(0.05)
    world.log.failing = True
    async with asyncio.timeout(5):
        while world.stored(session).partial != "one two":
            await asyncio.sleep(0.01)
    pause.released.set()

    assert sse.text_of(await follower) == sse.text_of(await first) == "one two three"


async def test_text_is_checkpointed_although_the_log_has_it() -> None:
    """The log may lose it, and followers may not reach the log."""
    pause = Pause()
    world = StreamWorld(["one", " two", pause, FINISH], shared=True)
    session = world.start("Hi")
    running = asyncio.create_task(world.read(session))
    await pause.reached.wait()

    async with asyncio.timeout(10):
        while world.stored(session).partial != "one two":
            await asyncio.sleep(0.01)

    pause.released.set()
    await running


async def test_dead_producer_is_settled_with_the_text_of_the_log() -> None:
    pause = Pause()
    world = StreamWorld(["one", " two", " three", pause], shared=True)
    session = world.start("Hi")
    client = world.client(session)
    producer = asyncio.create_task(client.run())
    await pause.reached.wait()
    await world.logged(session, "one two three")
    producer.cancel()
    await asyncio.wait({producer})
    world.clock.advance(10)

    events = await world.read(session)

    assert sse.text_of(events) == "one two three"
    assert events[-1].data["code"] == "interrupted"
    assert [answer.content for answer in world.answers()] == ["one two three"]


async def test_settling_takes_the_longer_of_log_and_checkpoint() -> None:
    pause = Pause()
    world = StreamWorld(["one", " two", pause], shared=True)
    session = world.start("Hi")
    producer = asyncio.create_task(world.client(session).run())
    await pause.reached.wait()
    await world.logged(session, "one two")
    producer.cancel()
    await asyncio.wait({producer})
    world.log.failing = True

    logged_text = world.control.text(session.session_id, epoch=1)
    settle(world.sessions, world.stored(session), world.clock.advance(10), logged_text=logged_text)

    assert [answer.content for answer in world.answers()] == ["one"]


class _SlowSessionStore(MemorySessionStore):
    """Takes its time with the text of a checkpoint, until `released`."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.reached = threading.Event()
        self.released = threading.Event()

    def checkpoint(self, lease: Lease, *, text: str | None, now: float, lease_seconds: float) -> bool:
        if text is not None:
            self.reached.set()
            assert self.released.wait(10)
        return super().checkpoint(lease, text=text, now=now, lease_seconds=lease_seconds)


@pytest.mark.parametrize("end", ["deadline", "stop"])
async def test_first_piece_reaches_every_client_if_the_end_comes_during_its_checkpoint(end: str) -> None:
    world = StreamWorld(["part", asyncio.Event()], shared=True)
    store = _SlowSessionStore(world.database)
    world.streams = world.build(sessions=store)
    session = world.start("Hi")
    running = asyncio.create_task(world.read(session, deadline_in=0.5 if end == "deadline" else None))
    await asyncio.to_thread(store.reached.wait, 10)
    follower = asyncio.create_task(world.read(session))
    await world.followed()
    if end == "stop":
        world.control.request_stop(session.session_id)
    await asyncio.sleep(0.6)  # the end is there, whenever the store has answered
    store.released.set()

    for events in (await running, await follower):
        assert sse.text_of(events) == "part"
    assert [answer.content for answer in world.answers()] == ["part"]
