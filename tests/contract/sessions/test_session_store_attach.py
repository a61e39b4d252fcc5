"""SessionStore: starting, and attaching."""

from dataclasses import replace

import pytest

from chat.errors import NotFoundError, SessionExpiredError, StorageError, TooManyRequestsError
from chat.messages import MessageKind
from chat.sessions import (
    MAX_VIEWERS,
    STREAM_LIFETIME_SECONDS,
    AttachRole,
    Failure,
    Lease,
    LeaseLostError,
    SessionState,
    Viewer,
    minute_of,
)
from fakes.conversation import LEASE_SECONDS, MAX_ATTACHES, NOW, SESSION_SECONDS, Conversation

FOLLOW = AttachRole.FOLLOW
DEAD = NOW + LEASE_SECONDS
"""The first moment at which a lease taken at NOW is dead."""
EXPIRED = NOW + SESSION_SECONDS
"""The first moment at which a session of NOW is expired."""


def test_start_stores_the_session_as_given(conversation: Conversation) -> None:
    session = conversation.start(project_id="p-1", task_id="t_2", kind=MessageKind.COMMAND)
    assert conversation.stored(session) == session


def test_start_stores_the_prompt_as_given(conversation: Conversation) -> None:
    session, prompt = conversation.prepare("What is AI?", project_id="p-1", task_id="t_2")
    conversation.stores.sessions.start(session, prompt)
    assert conversation.history() == (prompt,)


def test_start_keeps_every_field(conversation: Conversation) -> None:
    session = conversation.start(
        state=SessionState.FAILED,
        attaches=3,
        owner="tab",
        epoch=2,
        lease_expires_at=NOW + 1.5,
        text_emitted=True,
        partial="Once upon",
        stop_requested=True,
        failure=Failure("provider_timeout", "It took too long.", retryable=True),
    )
    assert conversation.stored(session) == session


def test_start_refuses_a_session_that_is_there_and_stores_nothing(conversation: Conversation) -> None:
    session = conversation.start("first")
    again, prompt = conversation.prepare("second", session_id=session.session_id)
    with pytest.raises(StorageError):
        conversation.stores.sessions.start(again, prompt)
    assert [message.content for message in conversation.history()] == ["first"]
    assert conversation.stored(session) == session


def test_get_knows_no_session_that_was_not_started(conversation: Conversation) -> None:
    assert conversation.stores.sessions.get("unknown") is None


def test_the_first_to_attach_produces(conversation: Conversation) -> None:
    session = conversation.start()
    attachment = conversation.attach(session, owner="first")
    assert attachment.role is AttachRole.PRODUCE
    assert attachment.session == replace(
        session,
        state=SessionState.STREAMING,
        owner="first",
        epoch=1,
        lease_expires_at=NOW + LEASE_SECONDS,
        expires_at=NOW + STREAM_LIFETIME_SECONDS,
        attaches=1,
        attach_minute=minute_of(NOW),
        viewers={},
    )
    assert attachment.lease == Lease(session.session_id, 1)
    assert conversation.stored(session) == attachment.session


def test_attach_under_a_live_lease_follows(conversation: Conversation) -> None:
    session = conversation.start()
    first = conversation.attach(session, owner="first").session
    second = conversation.attach(session, owner="second", now=DEAD - 0.001)
    assert second.role is AttachRole.FOLLOW
    assert second.session == replace(first, attaches=2)
    assert conversation.stored(session) == second.session


def test_a_dead_lease_with_nothing_shown_is_taken_over(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session, owner="first")
    second = conversation.attach(session, owner="second", now=DEAD)
    assert second.role is AttachRole.PRODUCE
    assert (second.session.owner, second.session.epoch) == ("second", 2)
    assert second.session.lease_expires_at == DEAD + LEASE_SECONDS


def test_producer_starts_without_text(conversation: Conversation) -> None:
    session = conversation.start(partial="of a producer that died")
    assert conversation.attach(session).session.partial == ""
    assert conversation.stored(session).partial == ""


def test_a_dead_lease_after_text_was_shown_is_never_taken_over(conversation: Conversation) -> None:
    session = conversation.start()
    lease = conversation.attach(session).lease
    conversation.stores.sessions.checkpoint(lease, text="Once", now=NOW, lease_seconds=LEASE_SECONDS)
    second = conversation.attach(session, now=DEAD)
    assert second.role is AttachRole.FOLLOW
    assert (second.session.epoch, second.session.partial, second.session.text_emitted) == (1, "Once", True)


def test_a_lease_that_was_renewed_is_not_taken_over(conversation: Conversation) -> None:
    session = conversation.start()
    lease = conversation.attach(session).lease
    conversation.stores.sessions.checkpoint(lease, text=None, now=DEAD - 1, lease_seconds=LEASE_SECONDS)
    assert conversation.attach(session, now=DEAD).role is AttachRole.FOLLOW


@pytest.mark.parametrize("state", [SessionState.COMPLETED, SessionState.STOPPED, SessionState.FAILED])
def test_a_finished_session_is_replayed(conversation: Conversation, state: SessionState) -> None:
    session = conversation.start()
    attached = conversation.attach(session).session
    failure = Failure("provider_timeout", "It took too long.", retryable=True)
    conversation.stores.sessions.finish(attached, state=state, answer=conversation.answer(session), failure=failure)
    attachment = conversation.attach(session, now=EXPIRED - 0.001)
    assert attachment.role is AttachRole.REPLAY
    assert (attachment.session.state, attachment.session.failure) == (state, failure)


def test_attach_knows_no_session_that_was_not_started(conversation: Conversation) -> None:
    session, _ = conversation.prepare()
    with pytest.raises(NotFoundError) as caught:
        conversation.attach(session)
    assert caught.value.code == "session_not_found"


@pytest.mark.parametrize("now", [NOW, EXPIRED])
def test_another_users_session_does_not_exist(conversation: Conversation, now: float) -> None:
    session = conversation.start()
    with pytest.raises(NotFoundError) as caught:
        conversation.attach(session, user_id="mallory", now=now)
    assert caught.value.code == "session_not_found"
    assert conversation.stored(session) == session


def test_a_session_past_its_time_is_expired_though_it_is_still_there(conversation: Conversation) -> None:
    session = conversation.start()
    with pytest.raises(SessionExpiredError):
        conversation.attach(session, now=EXPIRED)
    assert conversation.stored(session) == session


def test_a_finished_session_past_its_time_is_expired(conversation: Conversation) -> None:
    session = conversation.start()
    attached = conversation.attach(session).session
    conversation.stores.sessions.finish(attached, state=SessionState.COMPLETED, answer=conversation.answer(session))
    assert conversation.attach(session, now=NOW + STREAM_LIFETIME_SECONDS - 1).role is AttachRole.REPLAY
    with pytest.raises(SessionExpiredError):
        conversation.attach(session, now=NOW + STREAM_LIFETIME_SECONDS)


def test_a_session_that_began_in_time_can_be_come_back_to(conversation: Conversation) -> None:
    session = conversation.start()
    began = EXPIRED - 1
    conversation.attach(session, now=began)
    assert conversation.attach(session, now=EXPIRED).role is AttachRole.FOLLOW
    assert conversation.attach(session, now=began + LEASE_SECONDS).role is AttachRole.PRODUCE


def test_no_more_attaches_than_allowed(conversation: Conversation) -> None:
    session = conversation.start()
    roles = [conversation.attach(session).role for _ in range(MAX_ATTACHES)]
    assert roles == [AttachRole.PRODUCE, *[AttachRole.FOLLOW] * (MAX_ATTACHES - 1)]
    with pytest.raises(TooManyRequestsError) as caught:
        conversation.attach(session)
    assert (caught.value.code, caught.value.retryable) == ("too_many_attaches", True)
    assert conversation.stored(session).attaches == MAX_ATTACHES
    next_minute = NOW + caught.value.extensions["retryAfterSeconds"]
    assert minute_of(next_minute) == minute_of(NOW) + 1
    assert conversation.attach(session, now=next_minute).session.attaches == 1


def test_attach_with_a_clock_behind_counts_in_the_current_minute(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session, now=NOW + 60)
    behind = conversation.attach(session, now=NOW + 59, max_attaches=2)
    assert (behind.role, behind.session.attaches, behind.session.attach_minute) == (FOLLOW, 2, minute_of(NOW + 60))
    with pytest.raises(TooManyRequestsError):
        conversation.attach(session, now=NOW + 59, max_attaches=2)


def test_take_over_is_refused_to_nobody(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session, max_attaches=1)
    assert conversation.attach(session, now=DEAD, max_attaches=1).role is AttachRole.PRODUCE


def test_attach_that_may_not_produce_follows_even_without_a_producer(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session)
    assert conversation.attach(session, now=DEAD, may_produce=False).role is FOLLOW
    assert conversation.stored(session).epoch == 1


def test_newer_connection_of_a_client_replaces_the_one_before(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session)
    first = conversation.attach(session, viewer=Viewer("tab", "1"))
    other = conversation.attach(session, viewer=Viewer("other", "1"))
    second = conversation.attach(session, viewer=Viewer("tab", "2"))
    stored = conversation.stored(session)
    assert first.viewer is not None
    assert first.viewer.is_replaced_in(stored)
    for attachment in (second, other):
        assert attachment.viewer is not None
        assert not attachment.viewer.is_replaced_in(stored)


def test_connection_beside_another_of_its_client_is_replaced_with_that(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session, viewer=Viewer("tab", "1"))
    beside = conversation.attach(session, viewer=Viewer("tab", "2", replaces=False))
    assert beside.viewer == Viewer("tab", "1", replaces=False)
    conversation.attach(session, viewer=Viewer("tab", "3"))
    assert beside.viewer.is_replaced_in(conversation.stored(session))


def test_number_of_recorded_clients_is_limited(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session, max_attaches=100)
    kept = [conversation.attach(session, max_attaches=100, viewer=Viewer(f"tab{n}", "1")).viewer for n in range(34)]
    assert [viewer is not None for viewer in kept] == [True] * MAX_VIEWERS + [False] * 2
    again = conversation.attach(session, max_attaches=100, viewer=Viewer("tab0", "2"))
    assert again.viewer == Viewer("tab0", "2")


def test_take_over_keeps_the_newest_connections_of_other_clients(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session, viewer=Viewer("died", "1"))
    left = conversation.attach(session, viewer=Viewer("tab", "1"))
    newest = conversation.attach(session, viewer=Viewer("tab", "2"))
    taken = conversation.attach(session, now=DEAD, viewer=Viewer("other", "1"))
    assert (taken.role, taken.viewer) == (AttachRole.PRODUCE, Viewer("other", "1"))
    stored = conversation.stored(session)
    assert stored.viewers == taken.session.viewers == {"died": "1", "tab": "2", "other": "1"}
    assert left.viewer is not None
    assert left.viewer.is_replaced_in(stored)
    assert newest.viewer is not None
    assert not newest.viewer.is_replaced_in(stored)


def test_take_over_without_a_client_keeps_the_record(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session, viewer=Viewer("tab", "1"))
    taken = conversation.attach(session, now=DEAD)
    assert (taken.role, taken.viewer) == (AttachRole.PRODUCE, None)
    assert conversation.stored(session).viewers == {"tab": "1"}


def test_take_over_replaces_the_connection_that_its_client_had_before(conversation: Conversation) -> None:
    session = conversation.start()
    first = conversation.attach(session, viewer=Viewer("tab", "1"))
    conversation.attach(session, now=DEAD, viewer=Viewer("tab", "2"))
    assert first.viewer is not None
    assert first.viewer.is_replaced_in(conversation.stored(session))


def test_take_over_beside_another_connection_of_its_client_does_not_replace_it(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session, viewer=Viewer("tab", "1"))
    beside = conversation.attach(session, now=DEAD, viewer=Viewer("tab", "2", replaces=False))
    assert (beside.role, beside.viewer) == (AttachRole.PRODUCE, Viewer("tab", "1", replaces=False))
    assert conversation.stored(session).viewers == {"tab": "1"}


def test_take_over_of_a_session_with_a_full_record_adds_no_client(conversation: Conversation) -> None:
    session = conversation.start()
    for n in range(MAX_VIEWERS):
        conversation.attach(session, max_attaches=100, viewer=Viewer(f"tab{n}", "1"))
    first = conversation.attach(session, now=DEAD, viewer=Viewer("other", "1"))
    assert (first.role, first.viewer) == (AttachRole.PRODUCE, None)
    second = conversation.attach(session, now=DEAD + LEASE_SECONDS, viewer=Viewer("tab0", "2"))
    assert (second.role, second.viewer) == (AttachRole.PRODUCE, Viewer("tab0", "2"))
    assert conversation.stored(session).viewers == {f"tab{n}": "1" for n in range(MAX_VIEWERS)} | {"tab0": "2"}


def test_take_over_of_a_session_that_an_earlier_version_began_begins_a_record(conversation: Conversation) -> None:
    session = conversation.start(state=SessionState.STREAMING, epoch=1, lease_expires_at=NOW)
    taken = conversation.attach(session, viewer=Viewer("tab", "1"))
    assert (taken.role, taken.viewer) == (AttachRole.PRODUCE, Viewer("tab", "1"))
    assert conversation.stored(session).viewers == {"tab": "1"}


def test_session_that_an_earlier_version_began_keeps_no_account_of_connections(conversation: Conversation) -> None:
    session = conversation.start(
        state=SessionState.STREAMING,
        attaches=9,
        epoch=1,
        lease_expires_at=DEAD,
        expires_at=NOW + STREAM_LIFETIME_SECONDS,
    )
    attachment = conversation.attach(session, viewer=Viewer("tab", "1"), max_attaches=2)
    assert (attachment.role, attachment.viewer, attachment.session.attaches) == (FOLLOW, None, 1)


def test_an_expired_session_is_expired_however_often_it_was_attached_to(conversation: Conversation) -> None:
    session = conversation.start(attaches=MAX_ATTACHES, attach_minute=minute_of(EXPIRED))
    with pytest.raises(SessionExpiredError):
        conversation.attach(session, now=EXPIRED)


def test_a_take_over_ends_the_former_producers_rights(conversation: Conversation) -> None:
    session = conversation.start()
    lost = conversation.attach(session).session
    conversation.attach(session, now=DEAD)
    with pytest.raises(LeaseLostError):
        conversation.stores.sessions.checkpoint(lost.lease, text="mine", now=DEAD, lease_seconds=LEASE_SECONDS)
    with pytest.raises(LeaseLostError):
        conversation.stores.sessions.finish(
            lost, state=SessionState.COMPLETED, answer=conversation.answer(session, "mine")
        )
    assert conversation.stored(session).partial == ""
    assert len(conversation.history()) == 1
