"""SessionStore.restart: another session for a prompt that is there; and what is read for it."""

from dataclasses import replace

import pytest

from chat.ids import new_id
from chat.messages import MessageKind, MessageStatus, Role, StoredPrompt
from chat.sessions import AttachRole, Failure, SessionNotStoredError, SessionState
from fakes.conversation import LEASE_SECONDS, NOW, Conversation
from fakes.texts import noise

FAILURE = Failure("provider_unavailable", "The provider does not answer.", retryable=True)
LONG = noise(400_000)


def test_restart_stores_a_session_and_clears_the_prompts_mark(conversation: Conversation) -> None:
    first = conversation.attach(conversation.start(LONG)).session
    conversation.stores.sessions.finish(first, state=SessionState.FAILED, answer=None, failure=FAILURE)
    (before,) = conversation.history()
    second = conversation.restart(first)
    assert conversation.stored(second) == second
    assert conversation.history() == (
        replace(before, session_id=second.session_id, prompt_status=MessageStatus.PENDING, code=None, retryable=None),
    )
    assert conversation.attach(second).role is AttachRole.PRODUCE


def test_restarted_session_stores_an_answer_behind_those_before(conversation: Conversation) -> None:
    _, first = conversation.turn("Hello?", "first")
    conversation.start("next", now=NOW + 60)
    session = conversation.stores.sessions.get(first.session_id)
    assert session is not None
    second = conversation.restart(session, now=NOW + 30)
    read = conversation.attach(second, now=NOW + 30).session
    answer = conversation.answer(second, "second")
    conversation.stores.sessions.finish(read, state=SessionState.COMPLETED, answer=answer)
    assert [message.content for message in conversation.history()] == ["Hello?", "first", "second", "next"]


def test_restart_in_place_of_a_session_that_is_not_the_newest_stores_nothing(conversation: Conversation) -> None:
    first = conversation.start()
    conversation.restart(first)
    before = conversation.history()
    late = conversation.successor(first)
    assert conversation.stores.sessions.restart(late, replaced=first.session_id) is False
    assert conversation.stores.sessions.get(late.session_id) is None
    assert conversation.history() == before


def test_restart_for_a_prompt_that_is_not_there_stores_nothing(conversation: Conversation) -> None:
    session, _ = conversation.prepare()
    assert conversation.stores.sessions.restart(session, replaced=new_id()) is False
    assert conversation.stores.sessions.get(session.session_id) is None
    assert conversation.history() == ()


def test_restart_is_repeated_by_its_caller(conversation: Conversation) -> None:
    first = conversation.start()
    second = conversation.restart(first)
    assert conversation.stores.sessions.restart(second, replaced=first.session_id) is True
    assert len(conversation.history()) == 1


def test_restart_under_the_id_of_another_session_is_refused(conversation: Conversation) -> None:
    first, other = conversation.start("first"), conversation.start("other", now=NOW + 1)
    taken = replace(conversation.successor(first), session_id=other.session_id)
    with pytest.raises(SessionNotStoredError):
        conversation.stores.sessions.restart(taken, replaced=first.session_id)
    assert conversation.history()[0].session_id == first.session_id


def test_restart_leaves_the_chats_place(conversation: Conversation) -> None:
    first = conversation.start(now=NOW)
    newer = Conversation(conversation.stores, conversation.user_id)
    newer.start(now=NOW + 10)
    conversation.restart(first, now=NOW + 20)
    page = conversation.stores.messages.page_all_chats(conversation.user_id, limit=10)
    assert [message.chat_id for message in page.messages] == [newer.chat_id, conversation.chat_id]


def test_prompt_is_found_with_its_newest_session(conversation: Conversation) -> None:
    first = conversation.start("/help", kind=MessageKind.COMMAND, project_id="project", task_id="task")
    second = conversation.restart(first)
    found = conversation.stores.messages.prompt(conversation.user_id, conversation.chat_id, first.prompt_message_id)
    assert found == StoredPrompt(first.prompt_message_id, second.session_id, MessageKind.COMMAND, "project", "task")


def test_prompt_is_not_found_elsewhere_nor_an_answer(conversation: Conversation) -> None:
    asked, answered = conversation.turn("Hello?", "Hello!")
    assert answered.role is Role.ASSISTANT
    find = conversation.stores.messages.prompt
    assert find(conversation.user_id, conversation.chat_id, asked.message_id) is not None
    assert find(conversation.user_id, conversation.chat_id, answered.message_id) is None
    assert find(conversation.user_id, conversation.chat_id, new_id()) is None
    assert find(conversation.user_id, new_id(), asked.message_id) is None
    assert find(f"{conversation.user_id}x", conversation.chat_id, asked.message_id) is None


def test_get_many_returns_existing_sessions(conversation: Conversation) -> None:
    waiting = conversation.start()
    read = conversation.attach(conversation.start("second", now=NOW + 1)).session
    sessions = conversation.stores.sessions
    sessions.checkpoint(read.lease, text=LONG, now=NOW, lease_seconds=LEASE_SECONDS)
    found = sessions.get_many([waiting.session_id, new_id(), read.session_id])
    assert found == {
        waiting.session_id: waiting,
        read.session_id: replace(conversation.stored(read), partial=""),
    }
    assert sessions.get_many([]) == {}


def test_get_many_takes_more_than_one_call_does(conversation: Conversation) -> None:
    started = [conversation.start(now=NOW + at).session_id for at in range(120)]
    assert set(conversation.stores.sessions.get_many(started)) == set(started)
