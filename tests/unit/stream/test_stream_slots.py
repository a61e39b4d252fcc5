"""No more answers at the same time than the tier allows."""

import asyncio

import pytest

from chat.errors import TooManyRequestsError
from chat.sessions import SessionState
from fakes import sse
from fakes.scripted_provider import Pause
from fakes.stream_world import StreamWorld


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
