"""No more answers at the same time than the tier allows."""

import asyncio
import threading
import time
from typing import Any

import pytest

from chat.errors import StorageError, TooManyRequestsError
from chat.limits.slots import ATTACH_SECONDS
from chat.messages import Message
from chat.sessions import AttachDecision, SessionState
from chat.sessions.settling import settle
from chat_stream.attach.attacher import AttachRequest
from fakes import sse
from fakes.functions.stream_world import StreamWorld
from fakes.memory.database import MemoryDatabase
from fakes.memory.limits import MemoryStreamSlots
from fakes.memory.message_store import MemoryMessageStore
from fakes.memory.session_store import MemorySessionStore
from fakes.providers.scripted import Pause


async def test_stream_beyond_the_limit_is_refused_and_can_be_had_later() -> None:
    pause = Pause()
    world = StreamWorld(["one", pause], ["two"], concurrent_streams=1)
    first, second = world.start("Hi"), world.start("Hi", chat_id="other")
    running = asyncio.create_task(world.read(first))
    await pause.reached.wait()

    with pytest.raises(TooManyRequestsError) as refused:
        await world.read(second)

    assert (refused.value.code, refused.value.retryable) == ("too_many_streams", True)
    assert world.stored(second).state is SessionState.PENDING
    pause.released.set()
    await running
    assert sse.text_of(await world.read(second)) == "two"


async def test_followers_and_replays_and_commands_take_no_slot() -> None:
    pause = Pause()
    world = StreamWorld(["one", pause], concurrent_streams=1)
    session = world.start("Hi")
    running = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    follower = asyncio.create_task(world.read(session))
    assert sse.text_of(await world.read(world.start("/help", chat_id="other"))) != ""
    pause.released.set()

    assert sse.text_of(await running) == sse.text_of(await follower) == "one"
    assert sse.text_of(await world.read(session)) == "one"


class _SimultaneousSessionStore(MemorySessionStore):
    """Lets nobody attach before `count` want to."""

    def __init__(self, database: MemoryDatabase, count: int) -> None:
        super().__init__(database)
        self._all = threading.Barrier(count)

    def attach(self, session_id: str, **options: Any) -> AttachDecision:
        self._all.wait(10)
        return super().attach(session_id, **options)


@pytest.mark.parametrize("attaches", [1, 3])
async def test_streams_of_one_session_at_once_keep_its_slot(attaches: int) -> None:
    world = StreamWorld(["one"], concurrent_streams=1, ATTACHES_PER_MINUTE=str(attaches))
    session = world.start("Hi")
    simultaneous = world.build(sessions=_SimultaneousSessionStore(world.database, 3))
    bodies = await asyncio.gather(
        *(simultaneous.open(AttachRequest(session.session_id, "alice")) for _ in range(3)), return_exceptions=True
    )
    refused = [body for body in bodies if isinstance(body, BaseException)]
    assert [type(error) for error in refused] == [TooManyRequestsError] * (3 - attaches)
    assert world.slots.held["alice"].keys() == {session.session_id}

    with pytest.raises(TooManyRequestsError):
        await world.read(world.start("Hi", chat_id="other"))


async def test_slot_is_given_back_however_a_stream_ends() -> None:
    world = StreamWorld(["one"], [ValueError()], ["three"], concurrent_streams=1)

    for number in range(3):
        await world.read(world.start("Hi", chat_id=str(number)))

    assert world.slots.held["alice"] == {}


async def test_users_have_slots_of_their_own() -> None:
    pause = Pause()
    world = StreamWorld(["one", pause], ["two"], concurrent_streams=1)
    running = asyncio.create_task(world.read(world.start("Hi")))
    await pause.reached.wait()

    assert sse.text_of(await world.read(world.start("Hi", user_id="bob"))) == "two"

    pause.released.set()
    await running


class _UnreadableMessages(MemoryMessageStore):
    """Cannot be read once."""

    broken = True

    def latest(self, *args: Any, **options: Any) -> tuple[Message, ...]:
        if self.broken:
            self.broken = False
            raise StorageError("The storage does not answer.")
        return super().latest(*args, **options)


async def test_slot_is_given_back_when_the_conversation_cannot_be_read() -> None:
    world = StreamWorld(["one"], concurrent_streams=1)
    world.streams = world.build(messages=_UnreadableMessages(world.database))

    with pytest.raises(StorageError):
        await world.read(world.start("Hi"))

    assert world.slots.held["alice"] == {}
    assert sse.text_of(await world.read(world.start("Hi", chat_id="other"))) == "one"


@pytest.mark.parametrize("how", ["attach", "follower"])
async def test_regenerated_answer_holds_a_slot(how: str) -> None:
    """Its producer died before it showed anything; a client comes, or one that followed takes over."""
    pause = Pause()
    world = StreamWorld([asyncio.Event()], ["two", pause], concurrent_streams=1)
    session = world.start("Hi")
    dying = asyncio.create_task(world.client(session).run())
    async with asyncio.timeout(10):
        while not world.provider.requests:
            await asyncio.sleep(0)
    follower = asyncio.create_task(world.read(session)) if how == "follower" else None
    await asyncio.sleep(0.05)
    dying.cancel()
    await asyncio.wait({dying})
    assert world.slots.held["alice"] == {}
    world.clock.advance(10)
    taking_over = follower or asyncio.create_task(world.read(session))
    await pause.reached.wait()

    assert world.slots.held["alice"].keys() == {session.session_id}
    with pytest.raises(TooManyRequestsError):
        await world.read(world.start("Hi", chat_id="other"))

    pause.released.set()
    assert sse.text_of(await taking_over) == "two"
    assert world.slots.held["alice"] == {}


async def test_take_over_that_finds_no_slot_is_refused_and_can_be_tried_again() -> None:
    pause = Pause()
    world = StreamWorld([asyncio.Event()], ["busy", pause], ["two"], concurrent_streams=1)
    session = world.start("Hi")
    dying = asyncio.create_task(world.client(session).run())
    async with asyncio.timeout(10):
        while not world.provider.requests:
            await asyncio.sleep(0)
    dying.cancel()
    await asyncio.wait({dying})
    world.clock.advance(10)
    busy = asyncio.create_task(world.read(world.start("Hi", chat_id="other")))
    await pause.reached.wait()

    with pytest.raises(TooManyRequestsError):
        await world.read(session)

    pause.released.set()
    await busy
    assert sse.text_of(await world.read(session)) == "two"


class _HangingSlots(MemoryStreamSlots):
    """Its releases hang until `answers` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = threading.Event()

    def release(self, user_id: str, session_id: str) -> None:
        self.answers.wait(30)
        super().release(user_id, session_id)


async def test_release_that_hangs_does_not_hold_up_the_end_of_the_stream() -> None:
    world = StreamWorld(["one"])
    slots = _HangingSlots()
    world.streams = world.build(slots=slots)
    try:
        async with asyncio.timeout(10):
            assert sse.text_of(await world.read(world.start("Hi"))) == "one"
    finally:
        slots.answers.set()


class _SlowMessages(MemoryMessageStore):
    """A read lasts longer than a slot counts without a producer; meanwhile another answer takes the slot."""

    def __init__(self, world: StreamWorld) -> None:
        super().__init__(world.database)
        self._world = world
        self._other = world.start("Hi", chat_id="other")

    def latest(self, *args: Any, **options: Any) -> tuple[Message, ...]:
        slots, limit = self._world.slots, time.monotonic() + 10
        while not slots.held.get("alice"):
            assert time.monotonic() < limit
            time.sleep(0.001)
        now = self._world.clock.advance(ATTACH_SECONDS + 1)
        slots.drop("alice", dict(slots.held["alice"]))
        slots.acquire("alice", self._other.session_id, 1, now)
        self._world.sessions.attach(
            self._other.session_id, user_id="alice", owner="other", now=now, lease_seconds=60, max_attaches=10
        )
        return super().latest(*args, **options)


async def test_attach_that_took_longer_than_its_slot_counts_takes_a_slot_again() -> None:
    world = StreamWorld(["one"], concurrent_streams=1)
    slow = _SlowMessages(world)
    world.streams = world.build(messages=slow)
    session = world.start("Hi")

    with pytest.raises(TooManyRequestsError):
        await world.read(session)

    assert world.stored(session).state is SessionState.PENDING
    assert session.session_id not in world.slots.held["alice"]


class _HangingCheckpoints(MemorySessionStore):
    """Those after the first hang until `answers` is set."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.first, self.hanging, self.answers = True, threading.Event(), threading.Event()

    def checkpoint(self, *args: Any, **options: Any) -> bool:
        if not self.first:
            self.hanging.set()
            self.answers.wait(30)
        self.first = False
        return super().checkpoint(*args, **options)


async def test_slot_is_not_renewed_under_a_lease_that_has_lapsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others may have ended the session meanwhile, and freed its slot: it would be taken with nobody to free it."""
    monkeypatch.setattr("chat_stream.generation.generations.SLOT_SECONDS", 0.03)
    pause = Pause()
    world = StreamWorld(["one", pause])
    store = _HangingCheckpoints(world.database)
    world.streams = world.build(sessions=store)
    running = asyncio.create_task(world.read(world.start("Hi")))
    try:
        await asyncio.to_thread(store.hanging.wait, 10)
        world.clock.advance(world.settings.lease_seconds + 1)
        await asyncio.sleep(0.05)  # a renewal that was under way is over
        world.slots.held.clear()
        await asyncio.sleep(0.1)

        assert world.slots.held == {}
    finally:
        store.answers.set()
        pause.released.set()
        await running


class _HangingRenewals(MemoryStreamSlots):
    """Its renewals hang until `answers` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.hanging, self.answers = threading.Event(), threading.Event()

    def renew(self, user_id: str, session_id: str, now: float) -> None:
        self.hanging.set()
        self.answers.wait(30)
        super().renew(user_id, session_id, now)


async def test_renewal_that_hangs_does_not_keep_a_client_from_how_the_answer_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another producer has the session; the client of the one that lost it is told the rest by the record."""
    monkeypatch.setattr("chat_stream.generation.generations.SLOT_SECONDS", 0.03)
    pause = Pause()
    world = StreamWorld(["one", pause])
    slots = _HangingRenewals()
    world.streams = world.build(slots=slots)
    session = world.start("Hi")
    client = world.client(session)
    try:
        running = asyncio.create_task(client.run())
        await client.until(b"one")
        await asyncio.to_thread(slots.hanging.wait, 10)
        settle(world.sessions, world.stored(session), world.clock.advance(10), logged_text=None)
        async with asyncio.timeout(5):
            pause.released.set()
            await running
    finally:
        slots.answers.set()
    assert sse.parse(client.body)[-1].data["type"] == "error"
