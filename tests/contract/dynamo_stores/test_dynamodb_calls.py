"""What the adapters ask of DynamoDB: the actions that the functions' permissions must allow, and how often."""

from dataclasses import replace

import pytest

from chat.dynamo import Tables
from chat.sessions import LeaseLostError, SessionState
from chat.users import Tier, User
from fakes.conversation import LEASE_SECONDS, NOW, Conversation, Stores, dynamo_stores
from fakes.dynamodb.calls import recorded_calls
from fakes.texts import noise

DEAD = NOW + LEASE_SECONDS
PUT_SESSION, UPDATE_SESSION = "PutItem SessionsTable", "UpdateItem SessionsTable"
PUT_CHAT, UPDATE_CHAT, QUERY_CHATS = "PutItem ChatsTable", "UpdateItem ChatsTable", "Query ChatsTable"
QUERY_INDEX = "Query ChatsTable/ChatsByActivity"
UPDATE_USER = "UpdateItem UsersTable"


@pytest.fixture
def stores(tables: Tables) -> Stores:
    return dynamo_stores(tables)


def test_a_turn_asks_for_no_more_than_it_needs(tables: Tables, conversation: Conversation) -> None:
    sessions = conversation.stores.sessions
    session, prompt = conversation.prepare()
    with recorded_calls(tables) as calls:
        sessions.start(session, prompt)
    assert calls == [PUT_SESSION, PUT_CHAT, UPDATE_CHAT]
    with recorded_calls(tables) as calls:
        attached = conversation.attach(session).session
    assert calls == [UPDATE_SESSION]
    with recorded_calls(tables) as calls:
        conversation.attach(session)
    assert calls == [UPDATE_SESSION] * 2
    with recorded_calls(tables) as calls:
        sessions.checkpoint(attached.lease, text="Once", now=NOW, lease_seconds=LEASE_SECONDS)
    assert calls == [UPDATE_SESSION]
    with recorded_calls(tables) as calls:
        sessions.get(session.session_id)
    assert calls == ["GetItem SessionsTable"]
    with recorded_calls(tables) as calls:
        sessions.request_stop(session.session_id, user_id=conversation.user_id, now=NOW)
    assert calls == [UPDATE_SESSION]
    with recorded_calls(tables) as calls:
        sessions.finish(attached, state=SessionState.COMPLETED, answer=conversation.answer(session))
    assert sorted(calls) == sorted([PUT_CHAT, UPDATE_SESSION, UPDATE_USER])


def test_settling_asks_for_no_more_than_it_needs(tables: Tables, conversation: Conversation) -> None:
    session = conversation.start()
    attached = conversation.attach(session).session
    with recorded_calls(tables) as calls:
        settled = conversation.stores.sessions.settle(
            attached, now=DEAD, state=SessionState.FAILED, answer=conversation.answer(session, usage=None)
        )
    assert settled
    assert sorted(calls) == sorted([PUT_CHAT, UPDATE_SESSION])


def test_users_ask_for_no_more_than_they_need(tables: Tables, conversation: Conversation) -> None:
    users, user_id = conversation.stores.users, conversation.user_id
    with recorded_calls(tables) as calls:
        users.get_or_create(user_id, default_tier=Tier.BASIC, now=NOW)
    assert calls == ["GetItem UsersTable", UPDATE_USER]
    with recorded_calls(tables) as calls:
        users.get_or_create(user_id, default_tier=Tier.BASIC, now=NOW)
    assert calls == ["GetItem UsersTable"]
    with recorded_calls(tables) as calls:
        users.put(User(user_id, Tier.PRO), now=NOW)
    assert calls == [UPDATE_USER]


def test_reading_asks_for_one_query_a_chat(tables: Tables, conversation: Conversation) -> None:
    messages, user_id = conversation.stores.messages, conversation.user_id
    other = replace(conversation, chat_id="other")
    for at in range(3):
        conversation.turn("prompt", "answer", now=NOW + at)
        other.turn("prompt", "answer", now=NOW + at + 0.5)
    with recorded_calls(tables) as calls:
        messages.page(user_id, conversation.chat_id, limit=2)
        messages.latest(user_id, conversation.chat_id, limit=2)
    assert set(calls) == {QUERY_CHATS}
    with recorded_calls(tables) as calls:
        messages.page_all_chats(user_id, limit=100)
    assert sorted(calls) == sorted([QUERY_INDEX, QUERY_CHATS, QUERY_CHATS])
    with recorded_calls(tables) as calls:
        messages.page_all_chats(user_id, limit=5)
    assert calls == [QUERY_INDEX, QUERY_CHATS]


def test_long_texts_are_read_together(tables: Tables, conversation: Conversation) -> None:
    long = noise(200_000)
    with recorded_calls(tables) as calls:
        for at in range(3):
            conversation.start(long, now=NOW + at)
    assert set(calls) == {PUT_SESSION, PUT_CHAT, UPDATE_CHAT}
    with recorded_calls(tables) as calls:
        assert [message.content for message in conversation.history()] == [long] * 3
    assert calls.count("BatchGetItem ChatsTable") == 1


def test_what_was_refused_leaves_no_parts(tables: Tables, conversation: Conversation) -> None:
    long = noise(200_000)
    session = conversation.start()
    attached = conversation.attach(session).session
    conversation.stores.sessions.finish(attached, state=SessionState.COMPLETED, answer=None)
    with recorded_calls(tables) as calls, pytest.raises(LeaseLostError):
        conversation.stores.sessions.finish(
            attached, state=SessionState.COMPLETED, answer=conversation.answer(session, long)
        )
    puts = calls.count(PUT_CHAT) - 1
    assert puts > 0
    assert calls.count("DeleteItem ChatsTable") == puts
    key = f"{conversation.user_id}/{conversation.chat_id}/parts"
    assert list(tables.message_parts.query(key)) == []


def test_dynamodb_may_delete_a_session_an_hour_past_its_time(tables: Tables, conversation: Conversation) -> None:
    session = conversation.start()
    item = tables.sessions.get(session.session_id)
    assert item.ttl == int(session.expires_at) + 3600


def test_a_part_is_no_session(tables: Tables, conversation: Conversation) -> None:
    session = conversation.start()
    lease = conversation.attach(session).lease
    long = noise(200_000)
    conversation.stores.sessions.checkpoint(lease, text=long, now=NOW, lease_seconds=LEASE_SECONDS)
    partial = tables.sessions.get(session.session_id).partial
    part_id = f"{session.session_id}/{partial.part_key}/0000"
    assert tables.session_parts.get(part_id).data
    assert conversation.stores.sessions.get(part_id) is None
