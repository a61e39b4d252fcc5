"""POST /chat/start with `regenerate`: another session for a prompt that is there."""

import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest

from chat.dynamo import DynamoSessionStore
from chat.ids import new_id
from chat.messages import Message, MessageKind, MessageStatus
from chat.sessions import Failure, Session, SessionNotStoredError, SessionState
from chat.users import Tier, User
from fakes.conversation import Conversation, dynamo_stores
from fakes.functions.buffered import Answer, World, user_of

type Start = Callable[..., Answer]

CHAT = "the-chat"
KEY = {"idempotency-key": "a key"}
FAILURE = Failure("provider_unavailable", "The provider does not answer.", retryable=True)


def again(start: Start, bearer: str, message_id: str, **fields: Any) -> Answer:
    return start(bearer, prompt=..., **({"regenerate": message_id, "chatId": CHAT} | fields))


def chat_of(aws: World, bearer: str) -> Conversation:
    return Conversation(dynamo_stores(aws.tables), user_of(bearer), CHAT)


def messages_of(aws: World, bearer: str) -> tuple[Message, ...]:
    return aws.messages.page(user_of(bearer), CHAT, limit=100).messages


def failed(aws: World, bearer: str, prompt: str = "Hello?", **changes: Any) -> Session:
    """A prompt whose session failed before it had text."""
    chat = chat_of(aws, bearer)
    session = chat.attach(chat.start(prompt, now=time.time() - 60, **changes), now=time.time() - 60).session
    aws.sessions.finish(session, state=SessionState.FAILED, answer=None, failure=FAILURE)
    return session


def test_a_failed_prompt_gets_another_session_and_is_not_stored_again(aws: World, start: Start) -> None:
    bearer = aws.user()
    first = failed(aws, bearer, project_id="project", task_id="task")
    answer = again(start, bearer, first.prompt_message_id, modelId="claude-haiku-4-5")
    assert answer.status == 201
    assert set(answer.json) == {"sessionId", "chatId", "expiresAt", "streamToken"}
    assert answer.json["chatId"] == CHAT
    session = aws.sessions.get(answer.json["sessionId"])
    assert session is not None
    assert (session.state, session.model_id, session.use_cache) == (SessionState.PENDING, "claude-haiku-4-5", False)
    assert (session.project_id, session.task_id) == ("project", "task")
    assert session.prompt_message_id == first.prompt_message_id
    assert session.answer_message_id > first.answer_message_id
    (prompt,) = messages_of(aws, bearer)
    assert (prompt.content, prompt.session_id) == ("Hello?", session.session_id)
    assert (prompt.prompt_status, prompt.code) == (MessageStatus.PENDING, None)


def test_answers_that_are_there_stay_before_the_new_one(aws: World, start: Start) -> None:
    bearer = aws.user()
    first = aws.converse(bearer, CHAT, "Hello?", "first", at=-60)
    aws.converse(bearer, CHAT, "next", "answer to the next", at=-30)
    for number in (2, 3):
        session_id = again(start, bearer, first.prompt_message_id).json["sessionId"]
        chat = chat_of(aws, bearer)
        session = aws.sessions.get(session_id)
        assert session is not None
        attached = chat.attach(session, now=time.time()).session
        answer = chat.answer(session, f"answer {number}")
        aws.sessions.finish(attached, state=SessionState.COMPLETED, answer=answer)
    assert [message.content for message in messages_of(aws, bearer)] == [
        "Hello?",
        "first",
        "answer 2",
        "answer 3",
        "next",
        "answer to the next",
    ]


def test_a_slash_command_is_regenerated_with_any_model(aws: World, start: Start) -> None:
    bearer = aws.user(Tier.BASIC)
    first = failed(aws, bearer, "/models", kind=MessageKind.COMMAND)
    answer = again(start, bearer, first.prompt_message_id, modelId="claude-opus-5")
    session = aws.sessions.get(answer.json["sessionId"])
    assert session is not None
    assert session.kind is MessageKind.COMMAND


def test_a_model_above_the_tier_is_refused(aws: World, start: Start) -> None:
    bearer = aws.user(Tier.BASIC)
    first = failed(aws, bearer)
    answer = again(start, bearer, first.prompt_message_id, modelId="claude-opus-5")
    assert answer.refusal == (403, "model_not_in_tier")
    assert messages_of(aws, bearer)[0].session_id == first.session_id


def test_only_the_users_own_prompts_of_that_chat_are_found(aws: World, start: Start) -> None:
    bearer = aws.user()
    first = aws.converse(bearer, CHAT, "Hello?", "Hello!", at=-60)
    refusal = (404, "message_not_found")
    assert again(start, bearer, new_id()).refusal == refusal
    assert again(start, bearer, first.answer_message_id).refusal == refusal
    assert again(start, bearer, first.prompt_message_id, chatId="another").refusal == refusal
    assert again(start, aws.user(), first.prompt_message_id).refusal == refusal
    assert again(start, bearer, first.prompt_message_id).status == 201


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prompt": "Hello?"}, "prompt"),
        ({"chatId": ...}, "chatId"),
        ({"chatId": None}, "chatId"),
        ({"projectId": "p"}, "projectId"),
        ({"taskId": "t"}, "taskId"),
        ({"regenerate": ""}, "regenerate"),
        ({"regenerate": 5}, "regenerate"),
        ({"regenerate": "a/b"}, "regenerate"),
        ({"regenerate": None}, "prompt"),
    ],
    ids=str,
)
def test_fields_that_do_not_go_together_are_refused(
    aws: World, start: Start, fields: dict[str, Any], field: str
) -> None:
    bearer = aws.user()
    first = failed(aws, bearer)
    body = {"prompt": ..., "regenerate": first.prompt_message_id, "chatId": CHAT} | fields
    answer = start(bearer, **body)
    assert answer.refusal == (422, "invalid_request")
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert messages_of(aws, bearer)[0].session_id == first.session_id


def test_an_answer_that_waits_for_its_stream_is_in_progress(aws: World, start: Start) -> None:
    bearer = aws.user()
    first = chat_of(aws, bearer).start(now=time.time())
    assert again(start, bearer, first.prompt_message_id).refusal == (409, "answer_in_progress")
    assert messages_of(aws, bearer)[0].session_id == first.session_id


def test_an_answer_that_is_being_written_is_in_progress(aws: World, start: Start) -> None:
    bearer = aws.user()
    chat = chat_of(aws, bearer)
    first = chat.start(now=time.time())
    chat.attach(first, now=time.time(), lease_seconds=60.0)
    assert again(start, bearer, first.prompt_message_id).refusal == (409, "answer_in_progress")


def test_a_session_that_expired_unused_is_in_nobodys_way(aws: World, start: Start) -> None:
    bearer = aws.user()
    first = chat_of(aws, bearer).start(now=time.time() - 3600)
    assert again(start, bearer, first.prompt_message_id).status == 201


def test_a_session_that_is_gone_is_in_nobodys_way(aws: World, start: Start) -> None:
    bearer = aws.user()
    chat = chat_of(aws, bearer)
    first = chat.start(now=time.time() - 3600)
    assert chat.stores.index.remove_expired(first.session_id, now=time.time())
    assert again(start, bearer, first.prompt_message_id).status == 201


@pytest.mark.parametrize("text", ["half an ans", None])
def test_a_session_whose_producer_died_is_settled_first(aws: World, start: Start, text: str | None) -> None:
    """Or a client that comes back would have it produced beside the new one."""
    bearer = aws.user()
    chat = chat_of(aws, bearer)
    begun = time.time() - 30
    first = chat.start(now=begun)
    read = chat.attach(first, now=begun).session
    if text is not None:
        aws.sessions.checkpoint(read.lease, text=text, now=begun, lease_seconds=1)
    session_id = again(start, bearer, first.prompt_message_id).json["sessionId"]
    settled = chat.stored(first)
    assert (settled.state, settled.failure and settled.failure.code) == (SessionState.FAILED, "interrupted")
    prompt, *answers = messages_of(aws, bearer)
    assert [answer.content for answer in answers] == ([] if text is None else [text])
    assert (prompt.session_id, prompt.prompt_status) == (session_id, MessageStatus.PENDING)


def test_a_second_attempt_while_the_first_waits_is_refused(aws: World, start: Start) -> None:
    bearer = aws.user()
    first = failed(aws, bearer)
    assert again(start, bearer, first.prompt_message_id).status == 201
    assert again(start, bearer, first.prompt_message_id).refusal == (409, "answer_in_progress")


def test_of_two_that_read_the_same_session_one_is_refused_and_not_counted(aws: World, start: Start) -> None:
    bearer = aws.user()
    first = failed(aws, bearer)
    with patch.object(DynamoSessionStore, "restart", return_value=False):
        assert again(start, bearer, first.prompt_message_id).refusal == (409, "answer_in_progress")
    assert '"requests";r=19;' in again(start, bearer, first.prompt_message_id).headers["ratelimit"]


def test_an_attempt_counts_as_a_start_unless_storage_refuses_it(aws: World, start: Start) -> None:
    bearer = aws.user()
    first = failed(aws, bearer)
    with patch.object(DynamoSessionStore, "restart", side_effect=SessionNotStoredError("Not now.")):
        assert again(start, bearer, first.prompt_message_id).refusal == (503, "storage_unavailable")
    assert again(start, bearer, first.prompt_message_id, modelId="gpt-0").refusal == (422, "unknown_model")
    assert '"requests";r=19;' in again(start, bearer, first.prompt_message_id).headers["ratelimit"]


def test_same_key_returns_the_same_session_even_before_it_runs(aws: World, start: Start) -> None:
    bearer = aws.user()
    first = failed(aws, bearer)
    one, two = (again(start, bearer, first.prompt_message_id, headers=KEY) for _ in range(2))
    assert (one.status, two.status) == (201, 201)
    assert one.json["sessionId"] == two.json["sessionId"]


def test_a_key_covers_the_whole_request(aws: World, start: Start) -> None:
    bearer = aws.user()
    first = failed(aws, bearer)
    assert again(start, bearer, first.prompt_message_id, headers=KEY).status == 201
    other_model = again(start, bearer, first.prompt_message_id, headers=KEY, modelId="claude-haiku-4-5")
    assert other_model.refusal == (422, "idempotency_key_reused")
    assert start(bearer, headers=KEY).refusal == (422, "idempotency_key_reused")


def test_a_refused_attempt_may_be_repeated_under_its_key(aws: World, start: Start) -> None:
    bearer = aws.user()
    waiting = chat_of(aws, bearer).start(now=time.time())
    assert again(start, bearer, waiting.prompt_message_id, headers=KEY).refusal == (409, "answer_in_progress")
    aws.sessions.request_stop(waiting.session_id, user_id=user_of(bearer), now=time.time())
    assert again(start, bearer, waiting.prompt_message_id, headers=KEY).status == 201


def test_a_disabled_user_gets_nothing(aws: World, start: Start) -> None:
    bearer = aws.user()
    first = failed(aws, bearer)
    aws.users.put(User(user_of(bearer), Tier.BASIC, disabled=True), now=time.time())
    assert again(start, bearer, first.prompt_message_id).refusal == (403, "user_disabled")
