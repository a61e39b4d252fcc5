"""Transactions that happened although their answers got lost: what is stored says so, and nothing of it is removed."""

import pytest

from chat.dynamo import Tables
from chat.errors import StorageError
from chat.sessions import Failure, Session, SessionState
from chat.users import Tier
from fakes.conversation import LEASE_SECONDS, NOW, Conversation, Stores, dynamo_stores
from fakes.dynamodb_calls import lost_answer
from fakes.texts import noise

DEAD = NOW + LEASE_SECONDS
LONG = noise(400_000)
"""Stored in parts."""
FAILURE = Failure("provider_unavailable", "The provider does not answer.", retryable=True)

known_token = pytest.mark.parametrize("known_token", [True, False], ids=["known token", "unknown token"])


@pytest.fixture
def stores(tables: Tables) -> Stores:
    return dynamo_stores(tables)


def attached(conversation: Conversation) -> Session:
    return conversation.attach(conversation.start()).session


@known_token
def test_a_start_whose_answer_was_lost_is_stored(
    tables: Tables, conversation: Conversation, *, known_token: bool
) -> None:
    session, prompt = conversation.prepare(LONG)
    with lost_answer(tables, "TransactWriteItems", known_token=known_token) as lost:
        conversation.stores.sessions.start(session, prompt)
    assert lost
    assert conversation.history() == (prompt,)
    assert conversation.stored(session) == session


def test_a_start_is_repeated_by_its_caller(conversation: Conversation) -> None:
    session, prompt = conversation.prepare(LONG)
    conversation.stores.sessions.start(session, prompt)
    conversation.attach(session)
    conversation.stores.sessions.start(session, prompt)
    assert conversation.history() == (prompt,)


def test_a_start_under_the_id_of_another_session_is_refused(conversation: Conversation) -> None:
    first = conversation.start("first")
    session, prompt = conversation.prepare(LONG, session_id=first.session_id)
    with pytest.raises(StorageError):
        conversation.stores.sessions.start(session, prompt)
    assert [message.content for message in conversation.history()] == ["first"]


@known_token
def test_a_finish_whose_answer_was_lost_is_stored(
    tables: Tables, conversation: Conversation, *, known_token: bool
) -> None:
    users = conversation.stores.users
    users.get_or_create(conversation.user_id, default_tier=Tier.BASIC, now=NOW)
    session = attached(conversation)
    answer = conversation.answer(session, LONG)
    with lost_answer(tables, "TransactWriteItems", known_token=known_token) as lost:
        conversation.stores.sessions.finish(session, state=SessionState.COMPLETED, answer=answer)
    assert lost
    assert conversation.history()[1:] == (answer,)
    assert users.get_or_create(conversation.user_id, default_tier=Tier.BASIC, now=NOW).output_tokens == 11


@known_token
def test_a_settlement_whose_answer_was_lost_is_stored(
    tables: Tables, conversation: Conversation, *, known_token: bool
) -> None:
    session = attached(conversation)
    answer = conversation.answer(session, LONG)
    with lost_answer(tables, "TransactWriteItems", known_token=known_token) as lost:
        settled = conversation.stores.sessions.settle(session, now=DEAD, state=SessionState.STOPPED, answer=answer)
    assert lost
    assert settled
    assert conversation.history()[1:] == (answer,)


@known_token
def test_a_failure_whose_answer_was_lost_is_stored(
    tables: Tables, conversation: Conversation, *, known_token: bool
) -> None:
    session = attached(conversation)
    with lost_answer(tables, "TransactWriteItems", known_token=known_token) as lost:
        conversation.stores.sessions.finish(session, state=SessionState.FAILED, answer=None, failure=FAILURE)
    assert lost
    assert conversation.stored(session).failure == FAILURE
