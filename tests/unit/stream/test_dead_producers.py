"""Producers that die or lose their lease: nothing lost, nothing generated over what was shown."""

import asyncio

import pytest

from chat.errors import SessionExpiredError
from chat.messages import MessageStatus, Usage
from chat.sessions import STREAM_LIFETIME_SECONDS, Session
from chat_stream.providers.port import Finish
from fakes import sse
from fakes.functions.stream_world import StreamWorld
from fakes.providers.scripted import Pause

ANSWER = ["Hello", ", ", "wörld 🌍", "."]
TEXT = "".join(ANSWER)
FINISH = Finish("stop", Usage(7, 4))


async def test_dead_producer_after_text_was_shown_is_settled_never_regenerated() -> None:
    world = StreamWorld(["part", asyncio.Event()])
    session = world.start("Hi")
    await _kill_producer(world, session, after=b'"part"')
    world.clock.advance(10)

    events = await world.read(session)

    assert sse.text_of(events) == "part"
    assert events[-1].data["code"] == "interrupted"
    assert events[-1].data["message"] == "The answer was interrupted; the text written so far is kept."
    assert [(answer.content, answer.status) for answer in world.answers()] == [("part", MessageStatus.INTERRUPTED)]
    assert len(world.provider.requests) == 1


async def test_client_ahead_of_the_checkpoint_gets_interrupted() -> None:
    world = StreamWorld(["part", asyncio.Event()])
    session = world.start("Hi")
    await _kill_producer(world, session, after=b'"part"')
    world.clock.advance(10)

    events = await world.read(session, seen=500)

    assert [event.data["code"] for event in events] == ["interrupted"]
    assert await world.read(session, seen=int(events[-1].id)) == []


async def test_dead_producer_that_showed_nothing_is_replaced() -> None:
    world = StreamWorld([asyncio.Event()], ["answer", FINISH])
    session = world.start("Hi")
    await _kill_producer(world, session, after=b"typing")
    world.clock.advance(10)

    events = await world.read(session)

    assert sse.text_of(events) == "answer"
    assert len(world.answers()) == 1


async def test_follower_takes_over_when_the_producer_dies_before_showing_anything() -> None:
    waiting = Pause()
    world = StreamWorld([waiting], ["answer", FINISH])
    session = world.start("Hi")
    producer = asyncio.create_task(world.client(session).run())
    await waiting.reached.wait()
    follower = asyncio.create_task(world.read(session))
    await asyncio.sleep(0.05)
    producer.cancel()
    await asyncio.wait({producer})
    world.clock.advance(10)

    assert sse.text_of(await follower) == "answer"


async def test_producer_that_lost_its_lease_stores_nothing_and_sends_the_stored_answer() -> None:
    pause = Pause()
    world = StreamWorld(["part", pause, " rest", FINISH], STOP_POLL_SECONDS="2", LEASE_SECONDS="5")
    session = world.start("Hi")
    slow = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    world.clock.advance(10)
    other = await world.read(session)
    pause.released.set()

    events = await slow

    assert other[-1].data["code"] == "interrupted"
    assert events[-1].data == other[-1].data
    assert [answer.content for answer in world.answers()] == ["part"]


async def test_expired_session_of_a_dead_producer_is_settled_before_it_is_refused() -> None:
    world = StreamWorld(["part", asyncio.Event()])
    session = world.start("Hi")
    await _kill_producer(world, session, after=b'"part"')
    world.clock.advance(STREAM_LIFETIME_SECONDS)

    with pytest.raises(SessionExpiredError):
        await world.read(session)

    assert [answer.content for answer in world.answers()] == ["part"]


async def test_checkpoint_holds_the_text_that_a_killed_process_would_lose() -> None:
    pause = Pause()
    world = StreamWorld(["one", " two", " three", pause, FINISH])
    session = world.start("Hi")
    running = asyncio.create_task(world.client(session).run())
    await pause.reached.wait()

    async with asyncio.timeout(5):
        while world.stored(session).partial != "one two three":
            await asyncio.sleep(0.01)

    pause.released.set()
    await running


async def test_producer_learns_of_its_lost_lease_beyond_the_attach_limit() -> None:
    pause = Pause()
    world = StreamWorld(["part", pause, " rest", FINISH], STOP_POLL_SECONDS="2", LEASE_SECONDS="5")
    session = world.start("Hi")
    slow = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    world.clock.advance(10)
    for _ in range(9):
        await world.read(session)
    pause.released.set()

    assert (await slow)[-1].data["code"] == "interrupted"


async def _kill_producer(world: StreamWorld, session: Session, *, after: bytes) -> None:
    """A cancelled task stores nothing, as a killed process does not."""
    client = world.client(session)
    producer = asyncio.create_task(client.run())
    await client.until(after)
    await asyncio.sleep(0.05)
    producer.cancel()
    await asyncio.wait({producer})


async def test_follower_without_time_for_an_answer_leaves_it_to_the_next_request() -> None:
    """It would ask the provider, and fail the session at its own time limit."""
    world = StreamWorld([asyncio.Event()], ["answer", FINISH])
    session = world.start("Hi")
    producing = asyncio.create_task(world.client(session).run())
    async with asyncio.timeout(10):
        while not world.provider.requests:
            await asyncio.sleep(0)
    late = world.client(session, deadline_in=5)
    following = asyncio.create_task(late.run())
    await late.until(b"typing")
    producing.cancel()
    await asyncio.wait({producing})
    world.clock.advance(10)

    async with asyncio.timeout(3):
        await following

    assert [event.type for event in sse.parse(late.body)] == ["typing"]
    assert len(world.provider.requests) == 1
    assert sse.text_of(await world.read(session)) == "answer"
