"""Equal questions at the same time: one provider call, complete answers for all, whoever dies."""

import asyncio

import pytest

from chat.errors import ProviderError
from chat.messages import MessageStatus, Usage
from chat.sessions import Session
from chat_stream.answers.answers import RECLAIM_SECONDS, RENEW_SECONDS
from chat_stream.providers.port import Finish
from fakes import sse
from fakes.clock import FakeClock
from fakes.functions.stream_world import StreamWorld
from fakes.memory.single_flight import MemorySingleFlight
from fakes.providers.scripted import Pause

FINISH = Finish("stop", Usage(7, 4))


def sessions(world: StreamWorld, count: int) -> list[Session]:
    return [world.start("Hi", chat_id=f"chat-{number}") for number in range(count)]


async def test_hundred_equal_questions_are_one_provider_call() -> None:
    world = StreamWorld([*["Hello", " ", "world"] * 50, FINISH], shared=True)
    every = sessions(world, 100)

    results = await asyncio.gather(*(world.read(session) for session in every))

    assert len(world.provider.requests) == 1
    assert {sse.text_of(events) for events in results} == {"Hello world" * 50}
    assert {events[-1].data["messageId"] for events in results} == {session.answer_message_id for session in every}
    for session in every:
        assert [answer.content for answer in world.answers(session.chat_id)] == ["Hello world" * 50]


async def test_others_see_the_answer_while_it_grows() -> None:
    pause = Pause()
    world = StreamWorld(["Hello", pause, " world", FINISH], shared=True)
    leading, following = sessions(world, 2)
    first = asyncio.create_task(world.read(leading))
    await pause.reached.wait()
    client = world.client(following)
    second = asyncio.create_task(client.events())

    await client.until(b'"Hello"')

    pause.released.set()
    await first
    events = await second
    assert sse.text_of(events) == "Hello world"
    assert events[-1].data["cached"] is True


async def test_leaders_failure_is_the_others_failure() -> None:
    pause = Pause()
    world = StreamWorld([pause, ProviderError("Slow down.", code="provider_rate_limited")], shared=True)
    leading, following = sessions(world, 2)
    first = asyncio.create_task(world.read(leading))
    await pause.reached.wait()
    second = asyncio.create_task(world.read(following))
    await world.followed()
    pause.released.set()

    codes = [(await running)[-1].data["code"] for running in (first, second)]

    assert codes == ["provider_rate_limited"] * 2
    assert len(world.provider.requests) == 1


async def test_session_that_has_shown_nothing_takes_over_from_a_dead_leader() -> None:
    pause = Pause()
    world = StreamWorld([pause], ["answer", FINISH], shared=True)
    leading, following = sessions(world, 2)
    first = asyncio.create_task(world.client(leading).run())
    await pause.reached.wait()
    second = asyncio.create_task(world.read(following))
    await world.followed()
    await die(first, world)

    assert sse.text_of(await second) == "answer"


async def test_session_that_has_shown_text_ends_when_its_leader_dies() -> None:
    pause = Pause()
    world = StreamWorld(["part", pause], ["another answer", FINISH], shared=True)
    leading, following = sessions(world, 2)
    first = asyncio.create_task(world.client(leading).run())
    await pause.reached.wait()
    client = world.client(following)
    second = asyncio.create_task(client.events())
    await client.until(b'"part"')
    await die(first, world)

    events = await second

    assert sse.text_of(events) == "part"
    assert (events[-1].data["code"], events[-1].data["retryable"]) == ("interrupted", True)
    assert [(answer.content, answer.status) for answer in world.answers(following.chat_id)] == [
        ("part", MessageStatus.INTERRUPTED)
    ]


async def test_session_without_text_continues_when_its_leader_is_stopped() -> None:
    pause = Pause()
    world = StreamWorld([pause], ["answer", FINISH], shared=True)
    leading, following = sessions(world, 2)
    first = asyncio.create_task(world.read(leading))
    await pause.reached.wait()
    second = asyncio.create_task(world.read(following))
    await world.followed()
    world.sessions.request_stop(leading.session_id, user_id="alice", now=world.clock.now())

    assert (await first)[-1].data["finishReason"] == "stopped"
    assert sse.text_of(await second) == "answer"


async def test_log_that_fails_in_the_middle_is_replaced_by_the_leaders_record() -> None:
    pause = Pause()
    world = StreamWorld(["part", pause, " rest", FINISH], shared=True)
    leading, following = sessions(world, 2)
    first = asyncio.create_task(world.read(leading))
    await pause.reached.wait()
    client = world.client(following)
    second = asyncio.create_task(client.events())
    await client.until(b'"part"')
    world.log.failing = world.cache.failing = world.flight.failing = True
    pause.released.set()

    assert sse.text_of(await first) == "part rest"
    assert sse.text_of(await second) == "part rest"
    assert len(world.provider.requests) == 1


async def test_log_that_can_only_be_read_is_replaced_by_the_leaders_record() -> None:
    pause = Pause()
    world = StreamWorld(["one", " two", pause, " three", FINISH], shared=True)
    world.log.full = world.cache.failing = True
    leading, following = sessions(world, 2)
    first = asyncio.create_task(world.read(leading))
    await pause.reached.wait()
    client = world.client(following)
    second = asyncio.create_task(client.events())

    await client.until(b" two")

    pause.released.set()
    assert sse.text_of(await first) == sse.text_of(await second) == "one two three"
    assert len(world.provider.requests) == 1


async def test_log_that_fails_before_anything_was_shown_makes_every_session_ask_for_itself() -> None:
    world = StreamWorld(["answer", FINISH], shared=True)
    world.log.failing = True

    results = await asyncio.gather(*(world.read(session) for session in sessions(world, 3)))

    assert {sse.text_of(events) for events in results} == {"answer"}


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_answer_that_is_not_cached_is_still_shared(reason: str) -> None:
    pause = Pause()
    world = StreamWorld(["cut", pause, Finish(reason, None)], shared=True)
    leading, following = sessions(world, 2)
    first = asyncio.create_task(world.read(leading))
    await pause.reached.wait()
    second = asyncio.create_task(world.read(following))
    await world.followed()
    pause.released.set()
    await first

    assert (await second)[-1].data["finishReason"] == reason
    assert len(world.provider.requests) == 1


async def die(producer: asyncio.Task[None], world: StreamWorld) -> None:
    """As a killed process does: nothing is released, and the leases run out."""
    world.flight.failing = True
    producer.cancel()
    await asyncio.wait({producer})
    world.flight.failing = False
    world.clock.advance(10)


class _ForgetfulFlight(MemorySingleFlight):
    """Its releases get lost; counts what it is asked."""

    claims = 0

    async def claim(self, key: str, session_id: str) -> str:
        self.claims += 1
        return await super().claim(key, session_id)

    async def release(self, key: str, session_id: str) -> None:
        """Nothing comes of it."""


async def test_leader_that_was_stopped_and_cannot_be_released_is_asked_for_now_and_then() -> None:
    pause = Pause()
    world = StreamWorld([pause], ["answer", FINISH], shared=True)
    world.flight = flight = _ForgetfulFlight(world.clock)
    world.streams = world.build()
    leading, following = sessions(world, 2)
    first = asyncio.create_task(world.read(leading))
    await pause.reached.wait()
    second = asyncio.create_task(world.read(following))
    await world.followed()
    world.sessions.request_stop(leading.session_id, user_id="alice", now=world.clock.now())
    await first
    asked, began = flight.claims, asyncio.get_running_loop().time()

    await asyncio.sleep(1)

    waited = asyncio.get_running_loop().time() - began
    assert 1 <= flight.claims - asked <= 1 + waited / RECLAIM_SECONDS
    world.clock.advance(10)  # the lead has ended by itself
    assert sse.text_of(await second) == "answer"


class _FrozenFlight(MemorySingleFlight):
    """The first process to claim stands still for so long, and then still has its lease."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        super().__init__(clock)
        self._time = clock
        self._seconds = seconds
        self.claimed: list[str] = []

    async def claim(self, key: str, session_id: str) -> str:
        leader = await super().claim(key, session_id)
        self.claimed.append(session_id)
        if len(self.claimed) == 1:
            self._time.advance(self._seconds)
        return leader


@pytest.mark.parametrize(("seconds", "claims"), [(0.0, 1), (RENEW_SECONDS + 0.1, 2)])
async def test_leader_that_stood_still_claims_again_before_it_asks(seconds: float, claims: int) -> None:
    """Its lead would otherwise end before it is renewed for the first time."""
    world = StreamWorld(["answer", FINISH], shared=True)
    world.flight = flight = _FrozenFlight(world.clock, seconds)
    world.streams = world.build()
    (session,) = sessions(world, 1)

    assert sse.text_of(await world.read(session)) == "answer"
    assert flight.claimed == [session.session_id] * claims
