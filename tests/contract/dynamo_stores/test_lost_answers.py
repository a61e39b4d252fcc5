"""Transactions that succeeded although their responses were lost: the stored items show it, and none is removed."""

import socket
from collections.abc import Iterator

import pytest

from chat.dynamo import Tables
from chat.dynamo import tables as limits
from chat.errors import StorageError
from chat.sessions import Failure, Session, SessionNotStoredError, SessionState
from chat.users import Tier
from fakes.conversation import LEASE_SECONDS, NOW, Conversation, Stores, dynamo_stores
from fakes.dynamodb.calls import conflicts, failures, lost_answer
from fakes.dynamodb.tables import connect
from fakes.network.free_ports import NOBODY
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


@known_token
def test_a_restart_whose_answer_was_lost_is_stored(
    tables: Tables, conversation: Conversation, *, known_token: bool
) -> None:
    first = conversation.start()
    with lost_answer(tables, "TransactWriteItems", known_token=known_token) as lost:
        second = conversation.restart(first)
    assert lost
    assert conversation.stored(second) == second
    assert conversation.history()[0].session_id == second.session_id


@known_token
def test_a_stop_before_the_stream_whose_answer_was_lost_is_stored(
    tables: Tables, conversation: Conversation, *, known_token: bool
) -> None:
    session = conversation.start()
    sessions = conversation.stores.sessions
    with lost_answer(tables, "TransactWriteItems", known_token=known_token) as lost:
        stopped = sessions.request_stop(session.session_id, user_id=conversation.user_id, now=NOW)
    assert lost
    assert stopped.state is SessionState.STOPPED
    assert conversation.stored(session) == stopped


def test_a_restart_that_is_refused_is_certainly_not_stored(tables: Tables, conversation: Conversation) -> None:
    first = conversation.start()
    second = conversation.successor(first)
    with failures(tables, "TransactWriteItems", 400, "ThrottlingException"), pytest.raises(SessionNotStoredError):
        conversation.stores.sessions.restart(second, replaced=first.session_id)


def start_fails(conversation: Conversation) -> StorageError:
    """What a start raises that must fail."""
    session, prompt = conversation.prepare()
    with pytest.raises(StorageError) as caught:
        conversation.stores.sessions.start(session, prompt)
    assert caught.value.code == "storage_unavailable"
    return caught.value


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "ResourceNotFoundException"])
def test_a_refused_start_is_certainly_not_stored(tables: Tables, conversation: Conversation, code: str) -> None:
    with failures(tables, "TransactWriteItems", 400, code):
        assert isinstance(start_fails(conversation), SessionNotStoredError)


def test_a_start_that_meets_a_conflict_each_time_is_certainly_not_stored(
    tables: Tables, conversation: Conversation
) -> None:
    with conflicts(tables, "TransactWriteItems", 1000):
        assert isinstance(start_fails(conversation), SessionNotStoredError)


def test_a_start_whose_parts_are_refused_is_certainly_not_stored(tables: Tables, conversation: Conversation) -> None:
    session, prompt = conversation.prepare(LONG)
    with failures(tables, "PutItem", 500, "InternalServerError"), pytest.raises(SessionNotStoredError):
        conversation.stores.sessions.start(session, prompt)


def test_a_start_under_known_ids_is_certainly_not_stored(conversation: Conversation) -> None:
    first = conversation.start("first")
    session, prompt = conversation.prepare(session_id=first.session_id)
    with pytest.raises(SessionNotStoredError):
        conversation.stores.sessions.start(session, prompt)


def test_a_start_without_a_connection_is_certainly_not_stored() -> None:
    stores = dynamo_stores(connect(f"http://{NOBODY}"))
    assert isinstance(start_fails(Conversation(stores)), SessionNotStoredError)


def test_a_start_that_fails_inside_dynamodb_may_be_stored(tables: Tables, conversation: Conversation) -> None:
    with failures(tables, "TransactWriteItems", 500, "InternalServerError") as met:
        assert not isinstance(start_fails(conversation), SessionNotStoredError)
    assert len(met) == 3


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Takes connections and says nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_start_that_is_not_answered_may_be_stored(silent_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "READ_TIMEOUT_SECONDS", 0.1)
    conversation = Conversation(dynamo_stores(connect(silent_url)))
    assert not isinstance(start_fails(conversation), SessionNotStoredError)


def test_a_start_whose_answer_was_lost_before_it_was_refused_may_be_stored(
    tables: Tables, conversation: Conversation
) -> None:
    """The first attempt was carried out, the others are refused: the last word is not the whole story."""
    session, prompt = conversation.prepare()
    with (
        lost_answer(tables, "TransactWriteItems") as lost,
        failures(tables, "TransactWriteItems", 400, "ThrottlingException", after=lost),
        pytest.raises(StorageError) as caught,
    ):
        conversation.stores.sessions.start(session, prompt)
    assert not isinstance(caught.value, SessionNotStoredError)
    assert conversation.stored(session) == session
