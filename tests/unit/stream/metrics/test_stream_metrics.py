"""What each stream publishes: the generation's measures with its model, once, whoever else reads along."""

import asyncio

import pytest

from chat.errors import ProviderError
from chat.messages import Usage
from chat.metrics import Metric, ModelLabels
from chat.sessions import Session
from chat_stream.providers.port import Finish
from fakes.functions.stream_world import BIG_MODEL, StreamWorld
from fakes.providers.scripted import Pause

FINISH = Finish("stop", Usage(1000, 2000))
SMALL = ModelLabels("scripted", "small")
COST_USD = (1000 * 1.0 + 2000 * 2.0) / 1e6

WHOLE_ANSWER = {
    Metric.STREAMS_COMPLETED,
    Metric.TIME_TO_FIRST_TOKEN_MS,
    Metric.STREAM_DURATION_MS,
    Metric.OUTPUT_TOKENS_PER_SECOND,
    Metric.INPUT_TOKENS,
    Metric.OUTPUT_TOKENS,
    Metric.COST_USD,
}


async def test_whole_answer_is_one_record_with_its_model_and_its_cost() -> None:
    pause = Pause()
    world = StreamWorld(["Hello", pause, " world", FINISH])
    session = world.start("Hi")
    running = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    assert world.metrics.records == []
    await asyncio.sleep(0.1)  # the time that is measured
    pause.released.set()
    await running

    record = world.metrics.only()
    assert record.model == SMALL
    assert set(record.values) == WHOLE_ANSWER
    values = {metric: value for metric, (value,) in record.values.items()}
    assert values[Metric.STREAMS_COMPLETED] == 1
    assert (values[Metric.INPUT_TOKENS], values[Metric.OUTPUT_TOKENS]) == (1000, 2000)
    assert values[Metric.COST_USD] == pytest.approx(COST_USD)
    duration = values[Metric.STREAM_DURATION_MS]
    assert 0 < values[Metric.TIME_TO_FIRST_TOKEN_MS] < duration - 99 < 30_000
    assert 2000 / 30 < values[Metric.OUTPUT_TOKENS_PER_SECOND] <= 2000 / 0.1
    assert record.log_fields == {
        "session_id": session.session_id,
        "gen_ai.conversation.id": "chat",
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "scripted",
        "gen_ai.request.model": "small-1",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 2000,
        "gen_ai.response.finish_reasons": ["stop"],
        "kind": "chat",
        "role": "produce",
        "state": "completed",
        "answered_from": "provider",
    }


async def test_time_counts_from_the_arrival_of_the_request() -> None:
    """Not from the time when the storage has said who the user is, and which session it is."""
    world = StreamWorld(["Hello", FINISH])
    client = world.client(world.start("Hi"), arrived_ago=2.0)

    await client.events()

    (first_token,) = world.metrics.values(Metric.TIME_TO_FIRST_TOKEN_MS)
    (duration,) = world.metrics.values(Metric.STREAM_DURATION_MS)
    assert 2000 <= first_token <= duration < 7_000


async def test_followers_and_replays_come_back_and_complete_nothing() -> None:
    pause = Pause()
    world = StreamWorld(["Hello", pause, " world", FINISH])
    session = world.start("Hi")
    producing = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    following = asyncio.create_task(world.client(session).events())
    while world.stored(session).attaches < 2:
        await asyncio.sleep(0.01)
    pause.released.set()
    await asyncio.gather(producing, following)
    replayed = await world.read(session)
    assert await world.read(session, seen=int(replayed[-1].id)) == []

    assert world.metrics.total(Metric.STREAMS_COMPLETED) == 1
    assert world.metrics.total(Metric.COST_USD) == pytest.approx(COST_USD)
    assert world.metrics.total(Metric.STREAMS_RESUMED) == 3
    followed, replays = (
        [record for record in world.metrics.records if record.log_fields["role"] == role]
        for role in ("follow", "replay")
    )
    assert (len(followed), len(replays)) == (1, 2)
    for record in [*followed, *replays]:
        assert set(record.values) == {Metric.STREAMS_RESUMED}
        assert record.log_fields["session_id"] == session.session_id


async def test_client_with_an_event_id_resumes_also_when_it_produces() -> None:
    world = StreamWorld(["Hello", FINISH])

    await world.read(world.start("Hi"), seen=1)

    assert world.metrics.only().values[Metric.STREAMS_RESUMED] == [1]
    assert world.metrics.total(Metric.STREAMS_COMPLETED) == 1


async def test_cached_answer_costs_nothing_and_saves_what_it_would_have_cost() -> None:
    world = StreamWorld(["Hello", FINISH], shared=True)
    await world.read(world.start("Hi", chat_id="one"))
    await world.read(world.start("Hi", chat_id="two"))

    paid, cached = world.metrics.records
    assert set(paid.values) == {*WHOLE_ANSWER, Metric.CACHE_MISS}
    assert set(cached.values) == {
        Metric.STREAMS_COMPLETED,
        Metric.TIME_TO_FIRST_TOKEN_MS,
        Metric.STREAM_DURATION_MS,
        Metric.CACHE_HIT,
        Metric.CACHE_SAVED_USD,
    }
    assert cached.model == SMALL
    assert world.metrics.total(Metric.CACHE_SAVED_USD) == pytest.approx(COST_USD)
    assert cached.log_fields["answered_from"] == "cache"
    assert "gen_ai.usage.output_tokens" not in cached.log_fields


async def test_session_that_passes_the_cache_over_neither_hits_nor_misses() -> None:
    world = StreamWorld(["Hello", FINISH], shared=True)

    await world.read(world.start("Hi", use_cache=False))

    assert not world.metrics.published & {Metric.CACHE_HIT, Metric.CACHE_MISS}
    assert world.metrics.total(Metric.STREAMS_COMPLETED) == 1


async def test_crowd_with_one_question_pays_once() -> None:
    world = StreamWorld([*["Hello", " "] * 50, FINISH], shared=True)
    every = [world.start("Hi", chat_id=f"chat-{number}") for number in range(20)]

    await asyncio.gather(*(world.read(session) for session in every))

    total = world.metrics.total
    assert total(Metric.STREAMS_COMPLETED) == 20
    assert total(Metric.COST_USD) == pytest.approx(COST_USD)
    assert total(Metric.SINGLE_FLIGHT_FOLLOWERS) + total(Metric.CACHE_HIT) == 19
    assert total(Metric.CACHE_HIT) + total(Metric.CACHE_MISS) == 20
    assert total(Metric.CACHE_SAVED_USD) == pytest.approx(19 * COST_USD)


@pytest.mark.parametrize(
    ("script", "code", "asked"),
    [
        ([ProviderError("Down.")], "provider_unavailable", 1),
        (["part", Usage(1000, 10), ProviderError("Cut.", code="provider_interrupted")], "provider_interrupted", 1),
        (["part", ValueError("bug")], "internal_error", 0),
    ],
)
async def test_failure_is_counted_with_its_code(script: list[str], code: str, asked: int) -> None:
    world = StreamWorld(script)

    await world.read(world.start("Hi"))

    record = world.metrics.only()
    assert record.model == SMALL
    assert record.values[Metric.STREAMS_FAILED] == [1]
    assert world.metrics.total(Metric.PROVIDER_ERROR) == asked
    assert (record.log_fields["state"], record.log_fields["error.type"]) == ("failed", code)
    assert Metric.STREAM_DURATION_MS in record.values
    assert Metric.OUTPUT_TOKENS_PER_SECOND not in record.values


async def test_tokens_of_an_answer_that_broke_off_are_paid_for() -> None:
    world = StreamWorld(["part", Usage(1000, 10), ProviderError("Cut.", code="provider_interrupted")])

    await world.read(world.start("Hi", model_id="big"))

    record = world.metrics.only()
    assert record.model == ModelLabels("scripted", "big")
    assert world.metrics.total(Metric.COST_USD) == pytest.approx(BIG_MODEL.cost_usd(Usage(1000, 10)))
    assert record.log_fields["gen_ai.usage.output_tokens"] == 10


async def test_leaders_failure_is_one_of_the_provider_and_two_of_streams() -> None:
    pause = Pause()
    world = StreamWorld([pause, ProviderError("Slow down.", code="provider_rate_limited")], shared=True)
    leading, following = world.start("Hi", chat_id="one"), world.start("Hi", chat_id="two")
    first = asyncio.create_task(world.read(leading))
    await pause.reached.wait()
    second = asyncio.create_task(world.read(following))
    await world.followed()
    pause.released.set()
    await asyncio.gather(first, second)

    assert world.metrics.total(Metric.STREAMS_FAILED) == 2
    assert world.metrics.total(Metric.PROVIDER_ERROR) == 1
    assert {record.log_fields["error.type"] for record in world.metrics.records} == {"provider_rate_limited"}


async def test_answer_that_cannot_be_stored_has_failed() -> None:
    pause = Pause()
    world = StreamWorld(["Hello", pause, FINISH])
    running = asyncio.create_task(world.read(world.start("Hi")))
    await pause.reached.wait()
    world.database.failing = True
    pause.released.set()
    await running

    assert world.metrics.total(Metric.STREAMS_COMPLETED) == 0
    assert world.metrics.total(Metric.STREAMS_FAILED) == 1
    assert world.metrics.total(Metric.COST_USD) == pytest.approx(COST_USD)
    assert world.metrics.only().log_fields["error.type"] == "storage_unavailable"


async def test_stop_and_deadline() -> None:
    pause = Pause()
    world = StreamWorld(["part", pause, FINISH], ["part", asyncio.Event()])
    stopped = world.start("Hi", chat_id="one")
    running = asyncio.create_task(world.read(stopped))
    await pause.reached.wait()
    world.sessions.request_stop(stopped.session_id, user_id="alice", now=world.clock.now())
    await running
    await world.read(world.start("Hi", chat_id="two"), deadline_in=0.2)

    by_stop, by_deadline = world.metrics.records
    assert by_stop.values[Metric.STREAMS_STOPPED] == [1]
    assert by_stop.log_fields["state"] == "stopped"
    assert by_deadline.values[Metric.STREAMS_FAILED] == [1]
    assert by_deadline.log_fields["error.type"] == "deadline_exceeded"
    assert world.metrics.total(Metric.STREAMS_COMPLETED) == 0


async def test_slash_command_is_a_stream_without_a_model() -> None:
    world = StreamWorld(shared=True)

    await world.read(world.start("/help"))

    record = world.metrics.only()
    assert record.model is None
    assert set(record.values) == {Metric.STREAMS_COMPLETED}
    assert (record.log_fields["kind"], record.log_fields["answered_from"]) == ("command", "command")


async def test_dead_producers_generation_fails_once_however_many_notice() -> None:
    pause = Pause()
    world = StreamWorld(["part", pause, FINISH])
    session = world.start("Hi")
    await kill_producer(world, session)
    world.metrics.records.clear()
    world.clock.advance(10)

    await asyncio.gather(*(world.read(session) for _ in range(3)))

    (settled,) = [record for record in world.metrics.records if Metric.STREAMS_FAILED in record.values]
    assert settled.model == SMALL
    assert settled.log_fields["error.type"] == "interrupted"
    assert settled.log_fields["session_id"] == session.session_id
    assert world.metrics.total(Metric.STREAMS_RESUMED) == 3


async def test_takeover_completes_once() -> None:
    """A producer that died before it showed anything is replaced by another request, which resumes, and produces."""
    world = StreamWorld([asyncio.Event()], ["answer", FINISH])
    session = world.start("Hi")
    await kill_producer(world, session, after=b"typing")
    world.clock.advance(10)
    world.metrics.records.clear()

    await world.read(session)

    record = world.metrics.only()
    assert (record.values[Metric.STREAMS_COMPLETED], record.values[Metric.STREAMS_RESUMED]) == ([1], [1])


async def test_producer_that_lost_its_lease_only_publishes_its_usage() -> None:
    """Whoever settled its session has counted that; the tokens were its own."""
    pause = Pause()
    world = StreamWorld(["part", Usage(1000, 10), pause, " rest", FINISH], STOP_POLL_SECONDS="2", LEASE_SECONDS="5")
    session = world.start("Hi")
    slow = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    world.clock.advance(10)
    await world.read(session)
    pause.released.set()
    await slow

    assert world.metrics.total(Metric.STREAMS_FAILED) == 1
    assert not world.metrics.published & {Metric.STREAMS_COMPLETED, Metric.STREAMS_STOPPED}
    (lost,) = [record for record in world.metrics.records if record.log_fields.get("role") == "produce"]
    assert "state" not in lost.log_fields
    assert Metric.STREAM_DURATION_MS not in lost.values
    assert world.metrics.values(Metric.COST_USD) == [pytest.approx(COST_USD)]


async def kill_producer(world: StreamWorld, session: Session, *, after: bytes = b'"part"') -> None:
    client = world.client(session)
    running = asyncio.create_task(client.run())
    await client.until(after)
    running.cancel()
    await asyncio.wait({running})
