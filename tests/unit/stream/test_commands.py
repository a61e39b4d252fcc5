"""Slash commands, through the same stream as a model's answer."""

import pytest

from chat.messages import MessageKind, Usage
from chat.users import Tier, User
from chat_stream.providers.port import Finish
from fakes import sse
from fakes.functions.stream_world import StreamWorld


async def ask(world: StreamWorld, prompt: str) -> str:
    events = await world.read(world.start(prompt))
    assert events[-1].data["finishReason"] == "stop"
    return sse.text_of(events)


async def test_help_lists_every_command_from_the_registry() -> None:
    text = await ask(StreamWorld(), "/help")

    assert "`/help`" in text
    assert "`/models`" in text
    assert "`/history [n]`" in text


async def test_command_asks_no_provider_and_is_stored_as_a_command() -> None:
    world = StreamWorld()

    text = await ask(world, "/models")

    assert world.provider.requests == []
    prompt, answer = world.history()
    assert (prompt.kind, answer.kind) == (MessageKind.COMMAND, MessageKind.COMMAND)
    assert (answer.content, answer.usage) == (text, None)


async def test_models_says_which_models_the_tier_has() -> None:
    world = StreamWorld()
    assert "| big | scripted | ENTERPRISE | no |" in await ask(world, "/models")

    world.users.put(User("alice", Tier.ENTERPRISE), now=0)

    assert "| big | scripted | ENTERPRISE | yes |" in await ask(world, "/models")


async def test_history_shows_the_newest_messages_without_the_command() -> None:
    world = StreamWorld(["one", Finish("stop", Usage(1, 1))])
    for prompt in ("first", "second"):
        await world.read(world.start(prompt))

    lines = (await ask(world, "/history 3")).splitlines()

    assert [line.rsplit(": ", 1)[1] for line in lines] == ["one", "second", "one"]


async def test_history_of_an_empty_chat_says_so() -> None:
    assert await ask(StreamWorld(), "/history") == "This chat has no earlier messages."


@pytest.mark.parametrize("arguments", ["0", "51", "-1", "x", "1.5", "٣", "1 2", "9" * 5000])
async def test_history_with_wrong_arguments_shows_its_usage(arguments: str) -> None:
    assert "Usage: `/history [n]`" in await ask(StreamWorld(), f"/history {arguments}")


@pytest.mark.parametrize(("typed", "meant"), [("/hlep", "/help"), ("/model", "/models"), ("/HISTROY 5", "/history")])
async def test_unknown_command_answers_with_the_nearest_names(typed: str, meant: str) -> None:
    assert f"`{meant}`" in (await ask(StreamWorld(), typed)).split("Did you mean")[1]


@pytest.mark.parametrize("typed", ["/", "/ ", "/zzzzzz", "/`rm`"])
async def test_command_that_is_like_no_other_points_to_help(typed: str) -> None:
    text = await ask(StreamWorld(), typed)

    assert "There is no command" in text
    assert "Did you mean" not in text


async def test_names_are_found_in_any_case() -> None:
    assert "**Commands**" in await ask(StreamWorld(), "/HELP")


async def test_two_slashes_escape_one() -> None:
    world = StreamWorld(["answer", Finish("stop", None)])

    assert await ask(world, "//help me") == "answer"

    assert [turn.content for turn in world.provider.requests[0].turns] == ["/help me"]


async def test_model_sees_no_commands_in_the_conversation() -> None:
    world = StreamWorld(["answer", Finish("stop", None)])
    await ask(world, "/help")

    await ask(world, "question")

    assert [turn.content for turn in world.provider.requests[0].turns] == ["question"]
