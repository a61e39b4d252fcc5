"""SessionStore: checkpoints, and the ends that a producer or its heir puts to a session."""

from dataclasses import replace
from typing import Any

import pytest

from chat.messages import MessageStatus, Usage
from chat.sessions import Failure, Lease, LeaseLostError, Session, SessionState
from chat.users import Tier, User
from fakes.conversation import LEASE_SECONDS, NOW, SESSION_SECONDS, Conversation
from fakes.texts import noise

DEAD = NOW + LEASE_SECONDS
EXPIRED = NOW + SESSION_SECONDS
FAILURE = Failure("interrupted", "The answer was cut off.", retryable=True)


def checkpoint(conversation: Conversation, lease: Lease, text: str | None, now: float = NOW + 2) -> bool:
    return conversation.stores.sessions.checkpoint(lease, text=text, now=now, lease_seconds=LEASE_SECONDS)


def complete(conversation: Conversation, attached: Session, content: str = "Hello!") -> None:
    answer = conversation.answer(attached, content)
    conversation.stores.sessions.finish(attached, state=SessionState.COMPLETED, answer=answer)


def test_checkpoint_stores_the_text_and_renews_the_lease(conversation: Conversation) -> None:
    session = conversation.start()
    attached = conversation.attach(session)
    assert checkpoint(conversation, attached.lease, "Once upon") is False
    assert conversation.stored(session) == replace(
        attached.session, partial="Once upon", text_emitted=True, lease_expires_at=NOW + 2 + LEASE_SECONDS
    )


def test_checkpoint_without_text_leaves_the_text(conversation: Conversation) -> None:
    session = conversation.start()
    attached = conversation.attach(session)
    checkpoint(conversation, attached.lease, None)
    assert conversation.stored(session) == replace(attached.session, lease_expires_at=NOW + 2 + LEASE_SECONDS)
    checkpoint(conversation, attached.lease, "Once")
    checkpoint(conversation, attached.lease, None, NOW + 3)
    after = conversation.stored(session)
    assert (after.partial, after.text_emitted, after.lease_expires_at) == (
        "Once",
        True,
        NOW + 3 + LEASE_SECONDS,
    )


def test_checkpoint_of_an_empty_text_counts_as_shown(conversation: Conversation) -> None:
    session = conversation.start()
    checkpoint(conversation, conversation.attach(session).lease, "")
    assert (conversation.stored(session).partial, conversation.stored(session).text_emitted) == ("", True)


def test_checkpoint_by_a_slow_producer_revives_its_own_lease(conversation: Conversation) -> None:
    session = conversation.start()
    checkpoint(conversation, conversation.attach(session).lease, None, DEAD + 1)
    assert conversation.stored(session).lease_lives(DEAD + 2)


def test_checkpoint_says_when_to_stop(conversation: Conversation) -> None:
    session = conversation.start()
    lease = conversation.attach(session).lease
    conversation.stores.sessions.request_stop(session.session_id, user_id=conversation.user_id, now=NOW)
    assert checkpoint(conversation, lease, "Once") is True
    assert checkpoint(conversation, lease, None) is True
    assert conversation.stored(session).partial == "Once"


@pytest.mark.parametrize("text", ["late", None])
def test_checkpoint_after_the_end_stores_nothing(conversation: Conversation, text: str | None) -> None:
    session = conversation.start()
    attached = conversation.attach(session).session
    complete(conversation, attached)
    before = conversation.stored(session)
    with pytest.raises(LeaseLostError):
        checkpoint(conversation, attached.lease, text)
    assert conversation.stored(session) == before


@pytest.mark.parametrize("epoch", [0, 1])
def test_nobody_holds_the_lease_of_a_session_that_is_pending_or_unknown(conversation: Conversation, epoch: int) -> None:
    session = conversation.start()
    for claimed in (replace(session, epoch=epoch), replace(session, session_id="unknown", epoch=epoch)):
        with pytest.raises(LeaseLostError):
            checkpoint(conversation, claimed.lease, "text")
        with pytest.raises(LeaseLostError):
            complete(conversation, claimed)
    assert conversation.stored(session) == session
    assert conversation.stores.sessions.get("unknown") is None
    assert len(conversation.history()) == 1


def test_finish_stores_state_answer_and_counters(conversation: Conversation) -> None:
    users = conversation.stores.users
    users.get_or_create(conversation.user_id, default_tier=Tier.PRO, now=NOW)
    session = conversation.start()
    attached = conversation.attach(session)
    answer = conversation.answer(session, "An answer", usage=Usage(100, 250))
    conversation.stores.sessions.finish(attached.session, state=SessionState.COMPLETED, answer=answer)
    assert conversation.stored(session) == replace(attached.session, state=SessionState.COMPLETED)
    assert conversation.history()[1] == answer
    user = users.get_or_create(conversation.user_id, default_tier=Tier.BASIC, now=NOW)
    assert user == User(conversation.user_id, Tier.PRO, input_tokens=100, output_tokens=250)


def test_counters_add_up(conversation: Conversation) -> None:
    conversation.stores.users.get_or_create(conversation.user_id, default_tier=Tier.PRO, now=NOW)
    for at in range(3):
        conversation.turn("prompt", "answer", now=NOW + at)
    user = conversation.stores.users.get_or_create(conversation.user_id, default_tier=Tier.BASIC, now=NOW)
    assert (user.input_tokens, user.output_tokens) == (21, 33)


def test_an_answer_from_the_cache_is_stored_and_not_counted(conversation: Conversation) -> None:
    conversation.stores.users.get_or_create(conversation.user_id, default_tier=Tier.PRO, now=NOW)
    session = conversation.start()
    answer = conversation.answer(session, usage=Usage(100, 250), cached=True, saved_usd=0.0012)
    attached = conversation.attach(session).session
    conversation.stores.sessions.finish(attached, state=SessionState.COMPLETED, answer=answer)
    assert conversation.history()[1] == answer
    user = conversation.stores.users.get_or_create(conversation.user_id, default_tier=Tier.PRO, now=NOW)
    assert (user.input_tokens, user.output_tokens) == (0, 0)


def test_finish_without_usage_counts_nothing(conversation: Conversation) -> None:
    conversation.stores.users.get_or_create(conversation.user_id, default_tier=Tier.PRO, now=NOW)
    session = conversation.start()
    answer = conversation.answer(session, usage=None, status=MessageStatus.STOPPED, finish_reason="stopped")
    attached = conversation.attach(session).session
    conversation.stores.sessions.finish(attached, state=SessionState.STOPPED, answer=answer)
    assert conversation.history()[1] == answer
    user = conversation.stores.users.get_or_create(conversation.user_id, default_tier=Tier.PRO, now=NOW)
    assert (user.input_tokens, user.output_tokens) == (0, 0)


def test_finish_without_an_answer_keeps_the_partial_text(conversation: Conversation) -> None:
    session = conversation.start()
    attached = conversation.attach(session).session
    checkpoint(conversation, attached.lease, "Once")
    conversation.stores.sessions.finish(attached, state=SessionState.FAILED, answer=None, failure=FAILURE)
    after = conversation.stored(session)
    assert (after.state, after.failure, after.partial) == (SessionState.FAILED, FAILURE, "Once")
    assert len(conversation.history()) == 1


def test_finish_with_an_answer_removes_the_partial_text(conversation: Conversation) -> None:
    session = conversation.start()
    attached = conversation.attach(session).session
    checkpoint(conversation, attached.lease, "Once")
    complete(conversation, attached)
    assert conversation.stored(session).partial == ""


def test_finish_twice_stores_one_answer(conversation: Conversation) -> None:
    conversation.stores.users.get_or_create(conversation.user_id, default_tier=Tier.PRO, now=NOW)
    session = conversation.start()
    attached = conversation.attach(session).session
    complete(conversation, attached, "first")
    with pytest.raises(LeaseLostError):
        complete(conversation, attached, "second")
    assert [message.content for message in conversation.history()] == ["Hello?", "first"]
    user = conversation.stores.users.get_or_create(conversation.user_id, default_tier=Tier.PRO, now=NOW)
    assert user.output_tokens == 11


def settle(conversation: Conversation, lease: Lease, now: float, content: str = "Once") -> bool:
    """Settles the session as `get` returns it, as after a producer's death."""
    session = conversation.stores.sessions.get(lease.session_id)
    assert session is not None
    return conversation.stores.sessions.settle(
        session,
        now=now,
        state=SessionState.FAILED,
        answer=conversation.answer(session, content, status=MessageStatus.INTERRUPTED, usage=None),
        failure=FAILURE,
    )


def test_settle_ends_a_session_whose_lease_died(conversation: Conversation) -> None:
    session = conversation.start()
    lease = conversation.attach(session).lease
    checkpoint(conversation, lease, "Once", NOW)
    assert settle(conversation, lease, DEAD) is True
    after = conversation.stored(session)
    assert (after.state, after.failure) == (SessionState.FAILED, FAILURE)
    assert [(m.content, m.status) for m in conversation.history()] == [
        ("Hello?", MessageStatus.COMPLETE),
        ("Once", MessageStatus.INTERRUPTED),
    ]


def test_settle_leaves_a_session_whose_lease_lives(conversation: Conversation) -> None:
    session = conversation.start()
    attached = conversation.attach(session)
    assert settle(conversation, attached.lease, DEAD - 0.001) is False
    assert conversation.stored(session) == attached.session
    assert len(conversation.history()) == 1


def test_settle_twice_stores_one_answer(conversation: Conversation) -> None:
    session = conversation.start()
    lease = conversation.attach(session).lease
    assert settle(conversation, lease, DEAD, "first") is True
    assert settle(conversation, lease, DEAD, "second") is False
    assert [message.content for message in conversation.history()] == ["Hello?", "first"]


def test_settle_with_an_old_reading_changes_nothing(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session)
    read = conversation.stored(session)
    taken_over = conversation.attach(session, now=DEAD).session
    settled = conversation.stores.sessions.settle(
        read, now=DEAD + LEASE_SECONDS, state=SessionState.FAILED, answer=None, failure=FAILURE
    )
    assert settled is False
    assert conversation.stored(session) == taken_over


def test_settle_of_a_session_without_a_producer(conversation: Conversation) -> None:
    session = conversation.start()
    sessions = conversation.stores.sessions
    assert sessions.settle(session, now=EXPIRED, state=SessionState.FAILED, answer=None, failure=FAILURE) is True
    assert conversation.stored(session).state is SessionState.FAILED


def test_settle_of_a_session_that_is_gone(conversation: Conversation) -> None:
    session, _ = conversation.prepare()
    sessions = conversation.stores.sessions
    assert sessions.settle(session, now=EXPIRED, state=SessionState.FAILED, answer=None) is False
    assert sessions.get(session.session_id) is None


def test_a_producer_that_was_settled_stores_nothing(conversation: Conversation) -> None:
    session = conversation.start()
    attached = conversation.attach(session).session
    settle(conversation, attached.lease, DEAD)
    with pytest.raises(LeaseLostError):
        complete(conversation, attached)
    with pytest.raises(LeaseLostError):
        checkpoint(conversation, attached.lease, "late")
    assert [message.content for message in conversation.history()] == ["Hello?", "Once"]


@pytest.mark.parametrize("content", ["Hello!", None], ids=["answer", "no answer"])
def test_finish_twice_with_the_same_answer_is_no_lost_lease(conversation: Conversation, content: str | None) -> None:
    """A producer that was not told that its answer is stored stores it again."""
    users = conversation.stores.users
    users.get_or_create(conversation.user_id, default_tier=Tier.PRO, now=NOW)
    attached = conversation.attach(conversation.start()).session
    answer = None if content is None else conversation.answer(attached, content)
    for _ in range(2):
        conversation.stores.sessions.finish(attached, state=SessionState.STOPPED, answer=answer)
    assert len(conversation.history()) == 1 + (content is not None)
    counted = users.get_or_create(conversation.user_id, default_tier=Tier.PRO, now=NOW).output_tokens
    assert counted == (0 if answer is None else 11)


def test_finish_of_a_long_answer_twice_leaves_it_whole(conversation: Conversation) -> None:
    attached = conversation.attach(conversation.start()).session
    answer = conversation.answer(attached, noise(400_000))
    for _ in range(2):
        conversation.stores.sessions.finish(attached, state=SessionState.COMPLETED, answer=answer)
    assert conversation.history()[1:] == (answer,)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": SessionState.STOPPED},
        {"answer": None},
        {"failure": FAILURE},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_finish_twice_in_two_ways_is_a_lost_lease(conversation: Conversation, changes: dict[str, Any]) -> None:
    attached = conversation.attach(conversation.start()).session
    first: dict[str, Any] = {"state": SessionState.COMPLETED, "answer": conversation.answer(attached), "failure": None}
    conversation.stores.sessions.finish(attached, **first)
    with pytest.raises(LeaseLostError):
        conversation.stores.sessions.finish(attached, **(first | changes))


def test_finish_after_a_settlement_with_another_text_is_a_lost_lease(conversation: Conversation) -> None:
    """The two differ in nothing but the answer's text."""
    attached = conversation.attach(conversation.start()).session
    settled = conversation.answer(attached, "Once upon")
    sessions = conversation.stores.sessions
    assert sessions.settle(attached, now=DEAD, state=SessionState.FAILED, answer=settled, failure=FAILURE)
    with pytest.raises(LeaseLostError):
        sessions.finish(
            attached,
            state=SessionState.FAILED,
            answer=replace(settled, content="Once upon a time"),
            failure=FAILURE,
        )
    assert [message.content for message in conversation.history()] == ["Hello?", "Once upon"]


def test_settle_twice_without_an_answer_happens_once(conversation: Conversation) -> None:
    """`settle` reports whether this call ended the session, even if another call stored an equal end."""
    attached = conversation.attach(conversation.start()).session
    sessions = conversation.stores.sessions
    ends = [
        sessions.settle(attached, now=DEAD, state=SessionState.FAILED, answer=None, failure=FAILURE) for _ in range(2)
    ]
    assert ends == [True, False]
