"""POST /chat/start: what it answers, and what it stores."""

import datetime as dt
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from chat.auth import AuthSecret, StreamTokens
from chat.clock import SystemClock
from chat.messages import MessageKind, MessageStatus, Role
from chat.sessions import SessionState
from chat.users import Tier
from fakes.functions.buffered import SECRET, Answer, Handler, World, call, token, user_of

type Start = Callable[..., Answer]

ULID = re.compile("[0-7][0-9A-HJKMNP-TV-Z]{25}")


def test_response_has_session_chat_expiry_and_stream_token(aws: World, start: Start) -> None:
    answer = start(aws.user())
    assert answer.status == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "private, no-store"
    assert set(answer.json) == {"sessionId", "chatId", "expiresAt", "streamToken"}
    assert ULID.fullmatch(answer.json["sessionId"])
    assert ULID.fullmatch(answer.json["chatId"])
    expires_at = dt.datetime.fromisoformat(answer.json["expiresAt"])
    assert answer.json["expiresAt"].endswith("Z")
    assert 595 < expires_at.timestamp() - time.time() <= 600


def test_session_and_prompt_are_stored(aws: World, start: Start) -> None:
    bearer = aws.user()
    answer = start(bearer, prompt="Hello", chatId="my-chat_1", projectId="project", taskId="task").json
    session = aws.sessions.get(answer["sessionId"])
    assert session is not None
    assert (session.user_id, session.chat_id, session.model_id) == (user_of(bearer), "my-chat_1", "gpt-5.6-luna")
    assert (session.state, session.kind) == (SessionState.PENDING, MessageKind.CHAT)
    assert (session.project_id, session.task_id) == ("project", "task")
    (prompt,) = aws.messages.page(user_of(bearer), "my-chat_1", limit=10).messages
    assert (prompt.message_id, prompt.session_id) == (session.prompt_message_id, session.session_id)
    assert (prompt.role, prompt.content, prompt.status) == (Role.USER, "Hello", MessageStatus.COMPLETE)
    assert (prompt.project_id, prompt.task_id, prompt.kind) == ("project", "task", MessageKind.CHAT)
    assert prompt.message_id < session.answer_message_id


@pytest.mark.parametrize(("fields", "expected"), [({}, True), ({"cache": True}, True), ({"cache": False}, False)])
def test_session_uses_the_cache_by_default(aws: World, start: Start, fields: dict[str, bool], expected: bool) -> None:
    session = aws.sessions.get(start(aws.user(), **fields).json["sessionId"])
    assert session is not None
    assert session.use_cache is expected


def test_the_stream_token_opens_that_session_for_that_user(aws: World, start: Start) -> None:
    bearer = aws.user()
    answer = start(bearer).json
    tokens = StreamTokens(lambda: AuthSecret.parse(SECRET), SystemClock())
    assert tokens.verify(answer["streamToken"], answer["sessionId"]) == user_of(bearer)


def test_chat_continues_under_its_id(aws: World, start: Start) -> None:
    bearer = aws.user()
    chat_id = start(bearer, prompt="one").json["chatId"]
    assert start(bearer, prompt="two", chatId=chat_id).json["chatId"] == chat_id
    messages = aws.messages.page(user_of(bearer), chat_id, limit=10).messages
    assert [message.content for message in messages] == ["one", "two"]


def test_two_users_may_choose_the_same_chat_id(aws: World, start: Start) -> None:
    alice, bob = aws.user(), aws.user()
    start(alice, chatId="same", prompt="from alice")
    start(bob, chatId="same", prompt="from bob")
    assert [m.content for m in aws.messages.page(user_of(alice), "same", limit=10).messages] == ["from alice"]


@pytest.mark.parametrize("prompt", ["x", "ä€😀\t\n\x01\x7f\ufeff", "😀" * 32_000, "a" * 32_000], ids=len)
def test_any_text_of_1_to_32000_characters_is_kept_as_it_is(aws: World, start: Start, prompt: str) -> None:
    bearer = aws.user()
    chat_id = start(bearer, prompt=prompt).json["chatId"]
    assert aws.messages.page(user_of(bearer), chat_id, limit=1).messages[0].content == prompt


def test_a_user_seen_for_the_first_time_gets_the_default_tier(aws: World, start: Start, build: Any) -> None:
    assert start(token("somebody-new")).status == 201
    user = aws.users.get_or_create("somebody-new", default_tier=Tier.ENTERPRISE, now=time.time())
    assert user.tier is Tier.BASIC
    generous = build(DEFAULT_TIER="PRO")
    assert start(token("somebody-else"), to=generous, modelId="grok-4.5").status == 201


def test_the_token_may_come_in_the_cookie(aws: World, handler: Handler) -> None:
    answer = call(
        handler,
        "POST",
        "/chat/start",
        cookies=["theme=dark", f"chat_token={aws.user()}"],
        body=b'{"modelId":"gpt-5.6-luna","prompt":"hi"}',
    )
    assert answer.status == 201


def test_a_command_needs_no_model_of_the_tier(aws: World, start: Start) -> None:
    bearer = aws.user(Tier.BASIC)
    answer = start(bearer, prompt="/help", modelId="claude-opus-5")
    assert answer.status == 201
    session = aws.sessions.get(answer.json["sessionId"])
    assert session is not None
    assert session.kind is MessageKind.COMMAND
    (message,) = aws.messages.page(user_of(bearer), answer.json["chatId"], limit=10).messages
    assert (message.kind, message.content) == (MessageKind.COMMAND, "/help")


def test_an_escaped_slash_is_no_command(aws: World, start: Start) -> None:
    assert start(aws.user(), prompt="//help", modelId="claude-opus-5").refusal == (403, "model_not_in_tier")


@pytest.mark.parametrize(("tier", "model"), [(Tier.PRO, "grok-4.3"), (Tier.ENTERPRISE, "gpt-5.6-luna")])
def test_a_tier_has_its_own_models_and_those_below(aws: World, start: Start, tier: Tier, model: str) -> None:
    assert start(aws.user(tier), modelId=model).status == 201
