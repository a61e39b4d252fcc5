"""Several clients, one generation; clients that come back."""

import asyncio

import pytest

from chat.messages import Usage
from chat.sessions import Viewer
from chat_stream.providers.port import Finish
from fakes import sse
from fakes.functions.stream_world import StreamWorld
from fakes.providers.scripted import Pause

ANSWER = ["Hello", ", ", "wörld 🌍", "."]
TEXT = "".join(ANSWER)
FINISH = Finish("stop", Usage(7, 4))


async def test_two_clients_at_once_get_one_generation() -> None:
    pause = Pause()
    world = StreamWorld(["Hello", pause, " world", FINISH])
    session = world.start("Hi")
    first = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    second = asyncio.create_task(world.read(session))
    third = asyncio.create_task(world.read(session))
    await asyncio.sleep(0.05)
    pause.released.set()

    results = await asyncio.gather(first, second, third)

    assert [sse.text_of(events) for events in results] == ["Hello world"] * 3
    assert [events[-1].data for events in results] == [results[0][-1].data] * 3
    assert len(world.provider.requests) == 1
    assert len(world.answers()) == 1


async def test_follower_sees_checkpoints_while_the_answer_grows() -> None:
    pause = Pause()
    world = StreamWorld(["Hello", pause, " world", FINISH])
    session = world.start("Hi")
    first = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    follower = world.client(session)
    following = asyncio.create_task(follower.events())

    await follower.until(b'"Hello"')

    pause.released.set()
    assert sse.text_of(await following) == "Hello world"
    await first


@pytest.mark.parametrize("seen", range(1, len(TEXT) + 2))
async def test_reconnect_gets_only_what_it_has_not_seen(seen: int) -> None:
    world = StreamWorld([*ANSWER, FINISH])
    session = world.start("Hi")
    await world.read(session)

    events = await world.read(session, seen=seen)

    assert sse.text_of(events) == TEXT[seen - 1 :]
    assert events[-1].type == "done"
    assert all(int(event.id) > seen for event in events)
    assert len(world.provider.requests) == 1


async def test_reconnect_after_done_has_nothing_left() -> None:
    world = StreamWorld([*ANSWER, FINISH])
    session = world.start("Hi")
    events = await world.read(session)

    assert await world.read(session, seen=int(events[-1].id)) == []


async def test_replay_of_a_finished_session_is_the_same_answer() -> None:
    world = StreamWorld(["x" * 10_000, FINISH])
    session = world.start("Hi")
    first = await world.read(session)

    again = await world.read(session)

    assert sse.text_of(again) == sse.text_of(first)
    assert again[-1] == first[-1]


async def test_connection_at_its_time_limit_ends_while_the_answer_continues() -> None:
    pause = Pause()
    world = StreamWorld(["part", pause, " rest", FINISH])
    session = world.start("Hi")
    first = asyncio.create_task(world.read(session))
    await pause.reached.wait()

    client = world.client(session, deadline_in=1)
    await client.run()

    events = sse.parse(client.body)
    assert [(event.id, event.type) for event in events] == [("1", "typing"), ("5", "token")]
    pause.released.set()
    assert sse.text_of(await first) == "part rest"
    assert sse.text_of(await world.read(session, seen=int(events[-1].id))) == " rest"


async def test_newer_connection_of_a_client_ends_the_older_one() -> None:
    """Lambda tells nobody that a client has gone: who reloads leaves a connection behind that costs until the end."""
    pause = Pause()
    world = StreamWorld(["part", pause, " rest", FINISH])
    session = world.start("Hi")
    producing = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    older, newer = (world.client(session, viewer=Viewer("tab", name)) for name in ("older", "newer"))
    left = asyncio.create_task(older.run())
    await older.until(b'"part"')

    reading = asyncio.create_task(newer.events())
    async with asyncio.timeout(10):
        await left

    assert [event.type for event in sse.parse(older.body)] == ["typing", "token"]
    pause.released.set()
    assert sse.text_of(await reading) == sse.text_of(await producing) == "part rest"
