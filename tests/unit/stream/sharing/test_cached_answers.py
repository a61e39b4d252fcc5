"""Answers from the cache: who gets them, what `done` says of them, what is never kept."""

import asyncio
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.errors import ProviderError
from chat.messages import Role, Usage
from chat.users import Tier, User
from chat_stream.answers.cache_key import cache_key
from chat_stream.providers.port import ChatRequest, Finish, Turn
from fakes import sse
from fakes.functions.stream_world import BIG_MODEL, MODEL, StreamWorld
from fakes.providers.scripted import Pause

FINISH = Finish("stop", Usage(1000, 2000))


async def test_same_question_in_the_same_context_is_answered_from_the_cache() -> None:
    world = StreamWorld(["Hello", " world", FINISH], shared=True)
    first = await world.read(world.start("Hi", chat_id="one"))
    session = world.start("Hi", chat_id="two")

    events = await world.read(session)

    assert len(world.provider.requests) == 1
    assert sse.text_of(events) == sse.text_of(first) == "Hello world"
    assert events[-1].data == {
        "type": "done",
        "messageId": session.answer_message_id,
        "finishReason": "stop",
        "cached": True,
        "savedUsd": (1000 * 1.0 + 2000 * 2.0) / 1e6,
        "usage": {"inputTokens": 1000, "outputTokens": 2000},
    }
    assert first[-1].data["cached"] is False
    assert "savedUsd" not in first[-1].data


async def test_cached_answer_is_stored_and_replayed_as_cached_and_costs_its_user_nothing() -> None:
    world = StreamWorld(["Hello", FINISH], shared=True)
    world.users.put(User("alice", Tier.BASIC), now=0)
    await world.read(world.start("Hi", chat_id="one"))
    session = world.start("Hi", chat_id="two")
    live = await world.read(session)

    assert (await world.read(session))[-1] == live[-1]
    (answer,) = world.answers("two")
    assert (answer.cached, answer.saved_usd) == (True, 0.005)
    assert world.database.users["alice"].output_tokens == 2000


async def test_other_context_is_another_question() -> None:
    world = StreamWorld(["Hello", FINISH], shared=True)
    await world.read(world.start("Hi", chat_id="one"))
    await world.read(world.start("Hi", chat_id="one"))
    await world.read(world.start("Hi", chat_id="two", model_id="big"))

    assert len(world.provider.requests) == 3


async def test_cache_can_be_passed_over_and_is_still_filled() -> None:
    world = StreamWorld(["old", FINISH], ["new", FINISH], shared=True)
    await world.read(world.start("Hi", chat_id="one"))

    fresh = await world.read(world.start("Hi", chat_id="two", use_cache=False))
    later = await world.read(world.start("Hi", chat_id="three"))

    assert (sse.text_of(fresh), fresh[-1].data["cached"]) == ("new", False)
    assert (sse.text_of(later), later[-1].data["cached"]) == ("new", True)


async def test_answer_is_kept_for_its_own_user_alone() -> None:
    world = StreamWorld(["alice's", FINISH], ["bob's", FINISH], shared=True)
    await world.read(world.start("Hi", user_id="alice"))

    events = await world.read(world.start("Hi", user_id="bob"))

    assert sse.text_of(events) == "bob's"


async def test_answer_is_kept_for_everybody_where_that_is_wanted() -> None:
    world = StreamWorld(["everybody's", FINISH], shared=True, scope_to_user=False)
    await world.read(world.start("Hi", user_id="alice"))

    events = await world.read(world.start("Hi", user_id="bob"))

    assert (sse.text_of(events), events[-1].data["cached"]) == ("everybody's", True)


@pytest.mark.parametrize(
    "script",
    [
        ["cut", Finish("length", None)],
        ["filtered", Finish("content_filter", None)],
        ["odd", Finish("other", None)],
        ["part", ProviderError("Cut.", code="provider_interrupted")],
        [ProviderError("Down.")],
    ],
)
async def test_incomplete_answers_are_never_cached(script: list[str]) -> None:
    world = StreamWorld(script, shared=True)

    await world.read(world.start("Hi"))

    assert world.cache.answers == {}


async def test_stopped_answer_is_never_kept() -> None:
    pause = Pause()
    world = StreamWorld(["part", pause, FINISH], shared=True)
    session = world.start("Hi")
    running = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    world.sessions.request_stop(session.session_id, user_id="alice", now=world.clock.now())
    await running

    assert world.cache.answers == {}


async def test_slash_commands_are_not_kept() -> None:
    world = StreamWorld(shared=True)

    await world.read(world.start("/models"))

    assert world.cache.answers == {}


async def test_failing_cache_is_a_miss() -> None:
    world = StreamWorld(["Hello", FINISH], shared=True)
    world.cache.failing = world.flight.failing = world.log.failing = True

    for _ in range(2):
        events = await world.read(world.start("Hi", chat_id="new"))
        assert sse.text_of(events) == "Hello"
        assert events[-1].data["cached"] is False


request = ChatRequest(MODEL, (Turn(Role.USER, "Hi"),), "system", 0.5)
turns = st.lists(st.builds(Turn, st.sampled_from(Role), st.text()), min_size=1, max_size=4).map(tuple)


@given(st.text(min_size=1), st.text(min_size=1), turns, turns)
def test_keys_are_equal_only_for_equal_scopes_and_conversations(
    one: str, other: str, these: tuple[Turn, ...], those: tuple[Turn, ...]
) -> None:
    first = cache_key(dataclasses.replace(request, turns=these), scope=f"user:{one}")
    second = cache_key(dataclasses.replace(request, turns=those), scope=f"user:{other}")

    assert (first == second) == ((one, these) == (other, those))


def test_no_user_can_be_served_from_anothers_entry() -> None:
    """Thousands of users, all asking the same: as many keys, and none of them the global one."""
    users = [f"{name}{number}" for name in ("u", "u:", "user:", "global", "é", "") for number in range(1000)]

    keys = {cache_key(request, scope=f"user:{user}") for user in users}

    assert len(keys) == len(users)
    assert cache_key(request, scope="global") not in keys


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(request, model=BIG_MODEL),
        dataclasses.replace(request, model=dataclasses.replace(MODEL, provider="another")),
        dataclasses.replace(request, model=dataclasses.replace(MODEL, provider_model="small-2")),
        dataclasses.replace(request, model=dataclasses.replace(MODEL, max_output_tokens=10)),
        dataclasses.replace(request, system="another"),
        dataclasses.replace(request, system=None),
        dataclasses.replace(request, temperature=0.6),
        dataclasses.replace(request, turns=(Turn(Role.ASSISTANT, "Hi"),)),
    ],
)
def test_everything_that_decides_the_answer_is_in_the_key(other: ChatRequest) -> None:
    assert cache_key(other, scope="user:a") != cache_key(request, scope="user:a")


def test_temperature_that_is_not_sent_decides_nothing() -> None:
    one = dataclasses.replace(request, model=BIG_MODEL)

    assert cache_key(one, scope="user:a") == cache_key(dataclasses.replace(one, temperature=None), scope="user:a")
