"""DynamoDB silent, gone, refusing, or answering into a broken connection."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from chat.dynamo import Tables
from chat.dynamo import tables as limits
from chat.errors import StorageError
from chat.sessions import AttachRole, SessionState, Viewer
from chat.users import Tier, User
from fakes.conversation import LEASE_SECONDS, NOW, Conversation, Stores, dynamo_stores
from fakes.dynamodb.calls import conflicts, lost_answer
from fakes.dynamodb.tables import connect
from fakes.network.free_ports import NOBODY

DEAD = NOW + LEASE_SECONDS
"""The first moment at which a lease taken at NOW is dead."""


@pytest.fixture
def stores(tables: Tables) -> Stores:
    return dynamo_stores(tables)


@pytest.fixture
def refused_url() -> str:
    return f"http://{NOBODY}"


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Takes connections and says nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def every_call_fails(stores: Stores) -> None:
    conversation = Conversation(stores)
    session, prompt = conversation.prepare()
    attached = replace(session, epoch=1)
    attempts: list[Callable[[], object]] = [
        lambda: stores.sessions.start(session, prompt),
        lambda: stores.sessions.get(session.session_id),
        lambda: conversation.attach(session),
        lambda: stores.sessions.checkpoint(attached.lease, text="x", now=NOW, lease_seconds=1),
        lambda: stores.sessions.checkpoint(attached.lease, text=None, now=NOW, lease_seconds=1),
        lambda: stores.sessions.finish(attached, state=SessionState.COMPLETED, answer=conversation.answer(session)),
        lambda: stores.sessions.finish(attached, state=SessionState.COMPLETED, answer=None),
        lambda: stores.sessions.settle(session, now=NOW, state=SessionState.FAILED, answer=None),
        lambda: stores.sessions.request_stop(session.session_id, user_id="u", now=NOW),
        lambda: stores.messages.page("u", "c", limit=1),
        lambda: stores.messages.page_all_chats("u", limit=1),
        lambda: stores.messages.latest("u", "c", limit=1),
        lambda: stores.users.get_or_create("u", default_tier=Tier.BASIC, now=NOW),
        lambda: stores.users.put(User("u", Tier.BASIC), now=NOW),
    ]
    for attempt in attempts:
        with pytest.raises(StorageError) as caught:
            attempt()
        assert caught.value.code == "storage_unavailable"
        assert caught.value.__cause__ is not None
        assert "127.0.0.1" not in caught.value.message


def test_a_database_that_is_gone(refused_url: str) -> None:
    every_call_fails(dynamo_stores(connect(refused_url, "x")))


def test_tables_that_are_not_there(tables: Tables) -> None:
    every_call_fails(dynamo_stores(connect(tables.connection.client.meta.endpoint_url, "nobodys")))


def test_a_database_that_does_not_answer_is_given_up_in_time(silent_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "READ_TIMEOUT_SECONDS", 0.1)
    stores = dynamo_stores(connect(silent_url, "x"))
    started = time.monotonic()
    with pytest.raises(StorageError):
        stores.users.get_or_create("u", default_tier=Tier.BASIC, now=NOW)
    assert time.monotonic() - started < 5


def test_the_time_limits_are_the_projects_own(refused_url: str) -> None:
    config = connect(refused_url, "x").connection.client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 5)
    assert config.retries == {"total_max_attempts": 3, "mode": "standard"}


def test_an_attach_whose_answer_was_lost_still_produces(tables: Tables, conversation: Conversation) -> None:
    session = conversation.start()
    with lost_answer(tables, "UpdateItem") as lost:
        attachment = conversation.attach(session)
    assert lost
    assert attachment.role is AttachRole.PRODUCE
    assert attachment.session == conversation.stored(session)
    assert (attachment.session.epoch, attachment.session.attaches) == (1, 1)
    assert conversation.attach(session).role is AttachRole.FOLLOW


def test_a_take_over_whose_answer_was_lost_still_produces(tables: Tables, conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session, viewer=Viewer("tab", "1"))
    with lost_answer(tables, "UpdateItem", skipped=1) as lost:  # the first learns that there is a record
        attachment = conversation.attach(session, now=DEAD, viewer=Viewer("other", "1"))
    assert lost
    assert (attachment.role, attachment.viewer) == (AttachRole.PRODUCE, Viewer("other", "1"))
    assert attachment.session == conversation.stored(session)
    assert (attachment.session.epoch, attachment.session.viewers) == (2, {"tab": "1", "other": "1"})


def test_a_checkpoint_and_a_stop_whose_answers_were_lost_have_happened(
    tables: Tables, conversation: Conversation
) -> None:
    session = conversation.start()
    sessions = conversation.stores.sessions
    lease = conversation.attach(session).lease
    with lost_answer(tables, "UpdateItem") as lost:
        sessions.checkpoint(lease, text="Once", now=NOW, lease_seconds=LEASE_SECONDS)
    assert lost
    assert conversation.stored(session).partial == "Once"
    with lost_answer(tables, "UpdateItem") as lost:
        stopped = sessions.request_stop(session.session_id, user_id=conversation.user_id, now=NOW)
    assert lost
    assert stopped == conversation.stored(session)
    assert stopped.stop_requested


def test_transactions_whose_answers_were_lost_happen_once(tables: Tables, conversation: Conversation) -> None:
    sessions, users = conversation.stores.sessions, conversation.stores.users
    users.get_or_create(conversation.user_id, default_tier=Tier.BASIC, now=NOW)
    session, prompt = conversation.prepare()
    with lost_answer(tables, "TransactWriteItems") as lost:
        sessions.start(session, prompt)
    assert lost
    attached = conversation.attach(session).session
    answer = conversation.answer(session)
    with lost_answer(tables, "TransactWriteItems") as lost:
        sessions.finish(attached, state=SessionState.COMPLETED, answer=answer)
    assert lost
    assert conversation.history() == (prompt, answer)
    assert users.get_or_create(conversation.user_id, default_tier=Tier.BASIC, now=NOW).output_tokens == 11


def test_writes_that_meet_a_transaction_are_tried_again(tables: Tables, conversation: Conversation) -> None:
    sessions = conversation.stores.sessions
    session, prompt = conversation.prepare()
    with conflicts(tables, "TransactWriteItems", 2) as met:
        sessions.start(session, prompt)
    assert len(met) == 2
    with conflicts(tables, "UpdateItem", 2) as met:
        attached = conversation.attach(session).session
    assert len(met) == 2
    with conflicts(tables, "TransactWriteItems", 2) as met:
        sessions.finish(attached, state=SessionState.COMPLETED, answer=conversation.answer(session))
    assert len(met) == 2
    assert [message.content for message in conversation.history()] == ["Hello?", "Hello!"]
    assert conversation.stored(session).state is SessionState.COMPLETED


@pytest.mark.parametrize("operation", ["TransactWriteItems", "UpdateItem"])
def test_a_conflict_without_end_is_a_failure(tables: Tables, conversation: Conversation, operation: str) -> None:
    session = conversation.start()
    attached = replace(session, epoch=1)
    attempts: dict[str, Callable[[], object]] = {
        "TransactWriteItems": lambda: conversation.stores.sessions.finish(
            attached, state=SessionState.FAILED, answer=None
        ),
        "UpdateItem": lambda: conversation.attach(session),
    }
    with conflicts(tables, operation, 1000) as met, pytest.raises(StorageError):
        attempts[operation]()
    assert 2 < len(met) < 20
    assert conversation.stored(session) == session
