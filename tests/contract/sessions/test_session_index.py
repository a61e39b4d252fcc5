"""SessionIndex: open sessions, and the removal of those that were not streamed in time."""

import random
import string
from collections.abc import Iterator

import pytest
from pynamodb.expressions.update import Action

from chat.dynamo import Tables
from chat.dynamo.items import SessionItem
from chat.ids import new_id
from chat.sessions import STREAM_LIFETIME_SECONDS, Failure, Session, SessionState
from chat.sessions.index import FIRST_IN_TIME, SHARDS, IndexEntry, shard_of
from fakes.conversation import LEASE_SECONDS, NOW, SESSION_SECONDS, Conversation, dynamo_stores
from fakes.dynamodb.calls import recorded_calls

EXPIRED = NOW + SESSION_SECONDS
LONG = "".join(random.Random(1).choices(string.ascii_letters, k=400_000))
"""Not to be compressed into one item."""


def entries(conversation: Conversation, *, limit: int = 1000) -> list[IndexEntry]:
    """Those of this conversation's user, over all shards."""
    found: list[IndexEntry] = []
    for shard in range(SHARDS):
        for page in pages(conversation, shard, limit):
            found += page
    return [entry for entry in found if entry.user_id == conversation.user_id]


def pages(conversation: Conversation, shard: int, limit: int) -> Iterator[list[IndexEntry]]:
    after: str | None = FIRST_IN_TIME
    while after is not None:
        page = conversation.stores.index.page(shard, after=after, limit=limit)
        assert not page.unreadable
        yield list(page.entries)
        assert page.last is None or page.last > after
        after = page.last


def only(conversation: Conversation) -> IndexEntry:
    (entry,) = entries(conversation)
    return entry


def expected(session: Session) -> IndexEntry:
    return IndexEntry(session.session_id, session.user_id, session.chat_id, session.state, session.expires_at)


def test_started_session_is_open(conversation: Conversation) -> None:
    session = conversation.start()
    assert only(conversation) == expected(session)


def test_streaming_session_is_open(conversation: Conversation) -> None:
    attached = conversation.attach(conversation.start())
    entry = only(conversation)
    assert entry == expected(attached.session)
    assert (entry.state, entry.expires_at) == (SessionState.STREAMING, NOW + STREAM_LIFETIME_SECONDS)


def test_finished_session_is_not_open(conversation: Conversation) -> None:
    session = conversation.start()
    attached = conversation.attach(session).session
    answer = conversation.answer(session)
    conversation.stores.sessions.finish(attached, state=SessionState.COMPLETED, answer=answer)
    assert entries(conversation) == []


def test_session_that_failed_is_not_open(conversation: Conversation) -> None:
    session = conversation.start()
    attached = conversation.attach(session).session
    failure = Failure("provider_unavailable", "Down.", retryable=True)
    conversation.stores.sessions.finish(attached, state=SessionState.FAILED, answer=None, failure=failure)
    assert entries(conversation) == []


def test_settled_session_is_not_open(conversation: Conversation) -> None:
    session = conversation.attach(conversation.start()).session
    answer = conversation.answer(session, usage=None)
    dead = NOW + LEASE_SECONDS
    assert conversation.stores.sessions.settle(session, now=dead, state=SessionState.FAILED, answer=answer)
    assert entries(conversation) == []


def test_session_stopped_before_it_began_is_not_open(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.stores.sessions.request_stop(session.session_id, user_id=conversation.user_id, now=NOW)
    assert entries(conversation) == []


def test_session_that_is_to_be_stopped_is_open(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session)
    conversation.stores.sessions.request_stop(session.session_id, user_id=conversation.user_id, now=NOW)
    assert only(conversation).state is SessionState.STREAMING


def test_pages_are_in_order_and_whole(conversation: Conversation) -> None:
    """Ids are ULIDs: the order of ids is that of time."""
    started = [conversation.start(session_id=new_id()) for _ in range(20)]
    for limit in (1, 3, 1000):
        found = [entry.session_id for entry in entries(conversation, limit=limit)]
        assert sorted(found) == sorted(session.session_id for session in started)
    for shard in range(SHARDS):
        ids = [entry.session_id for page in pages(conversation, shard, 3) for entry in page]
        assert ids == sorted(ids)
        assert {shard_of(found) for found in ids} <= {shard}


def test_page_begins_behind_an_id(conversation: Conversation) -> None:
    session = conversation.start()
    shard = shard_of(session.session_id)
    before = session.session_id[:-1] + chr(ord(session.session_id[-1]) - 1)
    assert expected(session) in conversation.stores.index.page(shard, after=before, limit=1).entries
    after = conversation.stores.index.page(shard, after=session.session_id, limit=1000).entries
    assert expected(session) not in after


@pytest.mark.parametrize("seconds", [0, 1, 100_000])
def test_expired_session_is_removed(conversation: Conversation, seconds: float) -> None:
    session = conversation.start("Still there?")
    assert conversation.stores.index.remove_expired(session.session_id, now=EXPIRED + seconds)
    assert conversation.stores.sessions.get(session.session_id) is None
    assert entries(conversation) == []
    assert [message.content for message in conversation.history()] == ["Still there?"]


def test_session_is_removed_once(conversation: Conversation) -> None:
    session = conversation.start()
    assert conversation.stores.index.remove_expired(session.session_id, now=EXPIRED)
    assert not conversation.stores.index.remove_expired(session.session_id, now=EXPIRED)


def test_session_in_time_is_not_removed(conversation: Conversation) -> None:
    session = conversation.start()
    assert not conversation.stores.index.remove_expired(session.session_id, now=EXPIRED - 0.5)
    assert conversation.stored(session) == session


def test_session_that_began_meanwhile_is_not_removed(conversation: Conversation) -> None:
    session = conversation.start()
    attached = conversation.attach(session, now=EXPIRED - 1)
    assert not conversation.stores.index.remove_expired(session.session_id, now=EXPIRED)
    assert conversation.stored(session) == attached.session


def test_live_session_is_never_removed(conversation: Conversation) -> None:
    session = conversation.attach(conversation.start()).session
    late = NOW + STREAM_LIFETIME_SECONDS + 10
    lease = conversation.attach(session, now=NOW + LEASE_SECONDS).lease
    conversation.stores.sessions.checkpoint(lease, text=None, now=late - 1, lease_seconds=LEASE_SECONDS)
    assert not conversation.stores.index.remove_expired(session.session_id, now=late)


def test_session_cut_off_before_any_text_is_removed_in_the_end(conversation: Conversation) -> None:
    session = conversation.attach(conversation.start()).session
    assert not conversation.stores.index.remove_expired(session.session_id, now=NOW + STREAM_LIFETIME_SECONDS - 1)
    assert conversation.stores.index.remove_expired(session.session_id, now=NOW + STREAM_LIFETIME_SECONDS)
    assert conversation.stores.sessions.get(session.session_id) is None


def test_session_with_text_is_not_removed(conversation: Conversation) -> None:
    lease = conversation.attach(conversation.start()).lease
    conversation.stores.sessions.checkpoint(lease, text="Once", now=NOW, lease_seconds=LEASE_SECONDS)
    assert not conversation.stores.index.remove_expired(lease.session_id, now=NOW + STREAM_LIFETIME_SECONDS)


def test_finished_session_is_not_removed(conversation: Conversation) -> None:
    session = conversation.start()
    attached = conversation.attach(session).session
    conversation.stores.sessions.finish(attached, state=SessionState.COMPLETED, answer=conversation.answer(session))
    assert not conversation.stores.index.remove_expired(session.session_id, now=NOW + 100_000)
    assert conversation.stored(session).state is SessionState.COMPLETED


def test_unknown_session_is_not_removed(conversation: Conversation) -> None:
    assert not conversation.stores.index.remove_expired(new_id(), now=NOW)


def test_parts_go_with_the_session(tables: Tables) -> None:
    conversation = Conversation(dynamo_stores(tables))
    session = conversation.start(partial=LONG)
    with recorded_calls(tables) as calls:
        assert conversation.stores.index.remove_expired(session.session_id, now=EXPIRED)
    deleted = [call for call in calls if call.startswith("DeleteItem")]
    assert len(deleted) == len(calls) >= 2, "the session and each part"


def test_nothing_is_scanned(tables: Tables) -> None:
    conversation = Conversation(dynamo_stores(tables))
    with recorded_calls(tables) as calls:
        conversation.stores.index.page(1, after=FIRST_IN_TIME, limit=1)
    assert calls == ["Query SessionsTable/SessionsByBucket"]


def test_item_of_an_earlier_version_is_found_once_it_is_streamed(tables: Tables) -> None:
    """Items that were written without `bucket` are in no index; TTL removes those that are never streamed."""
    conversation = Conversation(dynamo_stores(tables))
    session = conversation.start()
    tables.sessions(session.session_id).update(actions=[SessionItem.bucket.remove()])
    assert entries(conversation) == []
    assert conversation.stored(session) == session
    attached = conversation.attach(session)
    assert only(conversation) == expected(attached.session)
    conversation.stores.sessions.finish(
        attached.session, state=SessionState.COMPLETED, answer=conversation.answer(session)
    )
    assert entries(conversation) == []


def test_session_that_an_earlier_version_began_is_done_when_it_is_finished(tables: Tables) -> None:
    conversation = Conversation(dynamo_stores(tables))
    session = conversation.attach(conversation.start()).session
    tables.sessions(session.session_id).update(actions=[SessionItem.bucket.remove()])
    assert conversation.stores.sessions.settle(session, now=NOW + 60, state=SessionState.FAILED, answer=None)
    assert entries(conversation) == []


@pytest.mark.parametrize(
    "damage", [SessionItem.state.remove(), SessionItem.user_id.remove(), SessionItem.state.set("?")]
)
def test_unreadable_session_is_reported_beside_the_others(tables: Tables, damage: Action) -> None:
    conversation = Conversation(dynamo_stores(tables))
    first, broken, last = (conversation.start(session_id=session_id) for session_id in same_shard(3))
    tables.sessions(broken.session_id).update(actions=[damage])
    shard = shard_of(first.session_id)
    page = conversation.stores.index.page(shard, after=previous(first.session_id), limit=3)
    assert page.entries == (expected(first), expected(last))
    assert page.unreadable == (broken.session_id,)
    assert not conversation.stores.index.remove_expired(broken.session_id, now=NOW)
    tables.sessions(broken.session_id).delete()


def same_shard(count: int) -> list[str]:
    """New ids of one shard, in order."""
    ids = sorted(new_id() for _ in range(200))
    shard = shard_of(ids[0])
    return [found for found in ids if shard_of(found) == shard][:count]


def previous(session_id: str) -> str:
    return f"{session_id[:-1]}{chr(ord(session_id[-1]) - 1)}"
