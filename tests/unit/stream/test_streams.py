"""A stream that produces: what it sends, stores and refuses."""

import asyncio
import json
from typing import Any

import pytest

from chat.errors import ForbiddenError, NotFoundError, ProviderError, SessionExpiredError, TooManyRequestsError
from chat.messages import MessageStatus, Role, Usage
from chat.sessions import SessionState
from chat.users import Tier, User
from chat_stream.answers.answers import Answers
from chat_stream.attach.attacher import AttachRequest
from chat_stream.providers.port import Finish
from fakes import sse
from fakes.functions.stream_world import StreamWorld
from fakes.providers.scripted import Pause, ScriptedProvider

ANSWER = ["Hello", ", ", "wörld 🌍", "."]
TEXT = "".join(ANSWER)
FINISH = Finish("stop", Usage(7, 4))


async def test_stream_sends_typing_tokens_and_done_after_the_answer_is_stored() -> None:
    world = StreamWorld([*ANSWER, FINISH])
    session = world.start("Hi")

    events = await world.read(session)

    assert [event.type for event in events] == ["typing", "token", "token", "token", "token", "done"]
    assert sse.text_of(events) == TEXT
    assert events[-1].data == {
        "type": "done",
        "messageId": session.answer_message_id,
        "finishReason": "stop",
        "cached": False,
        "usage": {"inputTokens": 7, "outputTokens": 4},
    }
    prompt, answer = world.history()
    assert (prompt.role, prompt.content) == (Role.USER, "Hi")
    assert (answer.message_id, answer.content, answer.status) == (
        session.answer_message_id,
        TEXT,
        MessageStatus.COMPLETE,
    )
    assert answer.usage == Usage(7, 4)
    assert world.stored(session).state is SessionState.COMPLETED
    assert world.provider.open_streams == 0


async def test_stream_opens_with_retry_and_typing_before_the_provider_answers() -> None:
    pause = Pause()
    world = StreamWorld([pause, "late", FINISH])
    client = world.client(world.start("Hi"))
    running = asyncio.create_task(client.events())

    await pause.reached.wait()

    assert client.body == b'data: {"type":"typing"}\nretry: 2000\nid: 1\n\n'
    pause.released.set()
    assert sse.text_of(await running) == "late"


async def test_stream_stores_before_done() -> None:
    world = StreamWorld(["text", FINISH])
    session = world.start("Hi")
    client = world.client(session)
    running = asyncio.create_task(client.run())

    await client.until(b'"type":"done"')

    assert [answer.content for answer in world.answers()] == ["text"]
    await running


async def test_second_turn_sends_the_earlier_messages() -> None:
    world = StreamWorld(["one", FINISH], ["two", FINISH])
    await world.read(world.start("first"))
    await world.read(world.start("second"))

    turns = [(turn.role, turn.content) for turn in world.provider.requests[1].turns]

    assert turns == [(Role.USER, "first"), (Role.ASSISTANT, "one"), (Role.USER, "second")]


async def test_other_chats_and_users_are_not_part_of_the_conversation() -> None:
    world = StreamWorld(["answer", FINISH])
    await world.read(world.start("theirs", user_id="bob"))
    await world.read(world.start("elsewhere", chat_id="other"))
    await world.read(world.start("mine"))

    assert [turn.content for turn in world.provider.requests[-1].turns] == ["mine"]


async def test_loop_of_attaches_is_refused_until_the_minute_is_over() -> None:
    world = StreamWorld(["x", FINISH], ATTACHES_PER_MINUTE="3")
    session = world.start("Hi")
    for _ in range(3):
        await world.read(session)

    with pytest.raises(TooManyRequestsError) as refused:
        await world.read(session)

    assert (refused.value.code, refused.value.retryable) == ("too_many_attaches", True)
    world.clock.advance(refused.value.extensions["retryAfterSeconds"])
    assert sse.text_of(await world.read(session)) == "x"


async def test_session_of_another_user_does_not_exist() -> None:
    world = StreamWorld(["x", FINISH])
    session = world.start("Hi", user_id="bob")

    with pytest.raises(NotFoundError, match="no such session"):
        await world.streams.open(AttachRequest(session.session_id, "mallory"))
    with pytest.raises(NotFoundError, match="no such session"):
        await world.streams.open(AttachRequest("unknown", "mallory"))

    assert world.provider.requests == []


async def test_expired_session_is_refused() -> None:
    world = StreamWorld(["x", FINISH])
    session = world.start("Hi")
    world.clock.advance(600)

    with pytest.raises(SessionExpiredError):
        await world.read(session)


class NothingIsAsked:
    """Slots and messages that fail the test when they are asked for anything."""

    def __getattr__(self, name: str) -> Any:
        pytest.fail(f"{name} was asked for")


async def test_nothing_is_taken_or_read_for_an_expired_session() -> None:
    world = StreamWorld(["x", FINISH])
    nothing: Any = NothingIsAsked()
    world.streams = world.build(slots=nothing, messages=nothing)
    session = world.start("Hi")
    world.clock.advance(600)

    with pytest.raises(SessionExpiredError):
        await world.read(session)


async def test_disabled_user_is_refused_before_anything_is_produced() -> None:
    world = StreamWorld(["x", FINISH])
    session = world.start("Hi")
    world.users.put(User("alice", Tier.BASIC, disabled=True), now=0)

    with pytest.raises(ForbiddenError):
        await world.read(session)

    assert world.stored(session).state is SessionState.PENDING


async def test_provider_failure_before_the_first_token_ends_in_an_error_and_keeps_the_prompt() -> None:
    world = StreamWorld([ProviderError("The provider is overloaded.", code="provider_rate_limited")])
    session = world.start("Hi")

    events = await world.read(session)

    assert events[-1].data == {
        "type": "error",
        "code": "provider_rate_limited",
        "message": "The provider is overloaded.",
        "retryable": True,
    }
    assert [message.role for message in world.history()] == [Role.USER]
    assert world.stored(session).state is SessionState.FAILED
    assert (await world.read(session))[-1] == events[-1]


async def test_provider_that_dies_in_the_middle_leaves_the_partial_answer() -> None:
    world = StreamWorld(["part", ProviderError("Cut.", code="provider_interrupted")])
    session = world.start("Hi")

    events = await world.read(session)

    assert events[-1].data["code"] == "provider_interrupted"
    assert [(answer.content, answer.status) for answer in world.answers()] == [("part", MessageStatus.INTERRUPTED)]


async def test_unforeseen_error_hides_its_text() -> None:
    world = StreamWorld(["part", ValueError("secret detail")])
    session = world.start("Hi")

    events = await world.read(session)

    assert events[-1].data["code"] == "internal_error"
    assert "secret" not in json.dumps(events[-1].data)
    assert [answer.content for answer in world.answers()] == ["part"]


async def test_deadline_stores_the_partial_answer_and_says_so() -> None:
    world = StreamWorld(["part", asyncio.Event(), FINISH])
    session = world.start("Hi")

    events = await world.read(session, deadline_in=1)

    assert events[-1].data["code"] == "deadline_exceeded"
    assert [(answer.content, answer.status) for answer in world.answers()] == [("part", MessageStatus.INTERRUPTED)]
    assert world.provider.open_streams == 0


async def test_stop_ends_the_generation_and_keeps_what_was_written() -> None:
    pause = Pause()
    world = StreamWorld(["part", pause, FINISH])
    session = world.start("Hi")
    running = asyncio.create_task(world.read(session))
    await pause.reached.wait()

    world.sessions.request_stop(session.session_id, user_id="alice", now=world.clock.now())
    events = await running

    assert (events[-1].type, events[-1].data["finishReason"]) == ("done", "stopped")
    assert [(answer.content, answer.status) for answer in world.answers()] == [("part", MessageStatus.STOPPED)]
    assert world.provider.open_streams == 0


async def test_session_stopped_before_it_began_asks_no_provider() -> None:
    world = StreamWorld(["part", FINISH])
    session = world.start("Hi")
    world.sessions.request_stop(session.session_id, user_id="alice", now=world.clock.now())

    events = await world.read(session)

    assert (events[-1].type, events[-1].data["finishReason"]) == ("done", "stopped")
    assert world.provider.requests == []


async def test_storage_that_fails_at_the_end_is_an_error_not_a_done() -> None:
    pause = Pause()
    world = StreamWorld(["part", pause, FINISH])
    session = world.start("Hi")
    running = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    world.database.failing = True
    pause.released.set()

    events = await running

    assert events[-1].data["code"] == "storage_unavailable"
    assert events[-1].data["retryable"] is True


async def test_storage_that_recovers_within_the_attempts_loses_nothing() -> None:
    pause = Pause()
    world = StreamWorld(["part", pause, FINISH])
    session = world.start("Hi")
    running = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    world.database.failing = True
    pause.released.set()
    await asyncio.sleep(0.1)
    world.database.failing = False

    assert (await running)[-1].type == "done"
    assert len(world.answers()) == 1


async def test_silence_is_filled_with_pings() -> None:
    pause = Pause()
    world = StreamWorld([pause, "late", FINISH], PING_SECONDS="0.05")
    client = world.client(world.start("Hi"))
    running = asyncio.create_task(client.events())

    await client.until(b": ping\n: ping\n")

    pause.released.set()
    assert sse.text_of(await running) == "late"


async def test_source_that_never_waits_is_not_held_back() -> None:
    """10,000 ready tokens: the loop gets its turn in between, so others run and what is ready leaves."""
    world = StreamWorld([*["x"] * 10_000, FINISH])
    client = world.client(world.start("Hi"))
    running = asyncio.create_task(client.run())
    await client.until(b"token")

    assert b'"type":"done"' not in client.body
    await running


async def test_stop_that_comes_before_the_first_token_keeps_the_text_that_was_marked_as_shown() -> None:
    world = StreamWorld(["part", asyncio.Event()], STOP_POLL_SECONDS="2")
    pause = Pause()
    world.provider = ScriptedProvider([pause, "part", asyncio.Event()])
    world.streams = world.build(answers=Answers(world.provider))
    session = world.start("Hi")
    running = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    world.sessions.request_stop(session.session_id, user_id="alice", now=world.clock.now())
    pause.released.set()

    events = await running

    assert sse.text_of(events) == "part"
    assert events[-1].data["finishReason"] == "stopped"
    assert [answer.content for answer in world.answers()] == ["part"]


async def test_stopped_answer_has_the_usage_reported_so_far() -> None:
    pause = Pause()
    world = StreamWorld([Usage(9, 1), "part", pause, FINISH])
    session = world.start("Hi")
    running = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    world.sessions.request_stop(session.session_id, user_id="alice", now=world.clock.now())

    events = await running

    assert events[-1].data["usage"] == {"inputTokens": 9, "outputTokens": 1}
    assert world.answers()[0].usage == Usage(9, 1)


async def test_interrupted_answer_has_the_usage_reported_so_far() -> None:
    world = StreamWorld([Usage(9, 1), "part", ProviderError("Cut.", code="provider_interrupted")])

    await world.read(world.start("Hi"))

    assert world.answers()[0].usage == Usage(9, 1)


async def test_keeper_survives_an_unforeseen_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pause = Pause()
    world = StreamWorld(["part", pause, FINISH])
    session = world.start("Hi")
    running = asyncio.create_task(world.read(session))
    await pause.reached.wait()
    with monkeypatch.context() as broken:
        broken.setattr(world.sessions, "checkpoint", lambda *_, **__: 1 / 0)
        await asyncio.sleep(0.1)
    world.sessions.request_stop(session.session_id, user_id="alice", now=world.clock.now())

    assert (await running)[-1].data["finishReason"] == "stopped"
