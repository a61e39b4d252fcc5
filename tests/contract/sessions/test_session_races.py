"""SessionStore under many at once: each decision falls once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from chat.errors import TooManyRequestsError
from chat.messages import Message
from chat.sessions import AttachRole, Lease, LeaseLostError, SessionState
from chat.users import Tier
from fakes.conversation import LEASE_SECONDS, MAX_ATTACHES, NOW, Conversation, Stores

CROWD = 20
DEAD = NOW + LEASE_SECONDS


def at_once[T](calls: list[Callable[[], T]]) -> list[T]:
    """Calls in parallel threads, started together."""
    barrier = Barrier(len(calls))

    def call(function: Callable[[], T]) -> T:
        barrier.wait()
        return function()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(call, calls))


def test_one_of_concurrent_attaches_produces(conversation: Conversation) -> None:
    session = conversation.start()

    def attach() -> AttachRole:
        return conversation.attach(session, max_attaches=CROWD).role

    assert Counter(at_once([attach] * CROWD)) == {AttachRole.PRODUCE: 1, AttachRole.FOLLOW: CROWD - 1}
    after = conversation.stored(session)
    assert (after.attaches, after.epoch) == (CROWD, 1)


def test_one_of_concurrent_attaches_takes_over_a_dead_lease(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session)

    def attach() -> AttachRole:
        return conversation.attach(session, now=DEAD, max_attaches=CROWD + 1).role

    assert Counter(at_once([attach] * CROWD)) == {AttachRole.PRODUCE: 1, AttachRole.FOLLOW: CROWD - 1}
    assert conversation.stored(session).epoch == 2


def test_a_crowd_gets_no_more_attaches_than_allowed(conversation: Conversation) -> None:
    session = conversation.start()

    def attach() -> str:
        try:
            return conversation.attach(session).role
        except TooManyRequestsError as error:
            return error.code

    assert Counter(at_once([attach] * CROWD)) == {
        AttachRole.PRODUCE: 1,
        AttachRole.FOLLOW: MAX_ATTACHES - 1,
        "too_many_attaches": CROWD - MAX_ATTACHES,
    }


def test_one_of_concurrent_settles_and_finishes_stores_its_answer(conversation: Conversation) -> None:
    users = conversation.stores.users
    users.get_or_create(conversation.user_id, default_tier=Tier.BASIC, now=NOW)
    session = conversation.start()
    attached = conversation.attach(session).session
    read = conversation.stored(session)
    sessions = conversation.stores.sessions

    def settle(name: int) -> Message | None:
        answer = conversation.answer(session, f"settled by {name}")
        return answer if sessions.settle(read, now=DEAD, state=SessionState.FAILED, answer=answer) else None

    def finish() -> Message | None:
        answer = conversation.answer(session, "finished")
        try:
            sessions.finish(attached, state=SessionState.COMPLETED, answer=answer)
        except LeaseLostError:
            return None
        return answer

    attempts: list[Callable[[], Message | None]] = [finish, *[partial(settle, name) for name in range(7)]]
    stored = at_once(attempts)
    winners = [answer for answer in stored if answer is not None]
    assert len(winners) == 1
    assert conversation.history()[1:] == tuple(winners)
    assert users.get_or_create(conversation.user_id, default_tier=Tier.BASIC, now=NOW).output_tokens == 11


def test_a_take_over_and_a_settlement_at_once_do_not_both_happen(conversation: Conversation) -> None:
    session = conversation.start()
    conversation.attach(session)
    read = conversation.stored(session)

    def take_over() -> bool:
        return conversation.attach(session, now=DEAD).role is AttachRole.PRODUCE

    def settle() -> bool:
        return conversation.stores.sessions.settle(read, now=DEAD, state=SessionState.FAILED, answer=None)

    assert sorted(at_once([take_over, settle])) == [False, True]


def test_all_of_a_users_generations_that_end_at_once_are_counted(stores: Stores) -> None:
    conversation = Conversation(stores)
    stores.users.get_or_create(conversation.user_id, default_tier=Tier.BASIC, now=NOW)

    def turn(at: int) -> None:
        conversation.turn(f"prompt {at}", f"answer {at}", now=NOW + at)

    at_once([partial(turn, at) for at in range(8)])
    user = stores.users.get_or_create(conversation.user_id, default_tier=Tier.BASIC, now=NOW)
    assert (user.input_tokens, user.output_tokens) == (8 * 7, 8 * 11)
    expected = [f"{who} {at}" for at in range(8) for who in ("prompt", "answer")]
    assert [message.content for message in conversation.history()] == expected


def test_a_stop_and_an_attach_at_once_leave_one_state(conversation: Conversation) -> None:
    session = conversation.start()

    def attach() -> AttachRole:
        return conversation.attach(session).role

    def stop() -> SessionState:
        found = conversation.stores.sessions.request_stop(session.session_id, user_id=conversation.user_id, now=NOW)
        return found.state

    role, state = at_once([attach, stop])
    after = conversation.stored(session)
    assert after.stop_requested
    assert (role, state, after.state) in {
        (AttachRole.PRODUCE, SessionState.STREAMING, SessionState.STREAMING),
        (AttachRole.REPLAY, SessionState.STOPPED, SessionState.STOPPED),
    }


def test_checkpoints_and_stops_do_not_undo_each_other(conversation: Conversation) -> None:
    session = conversation.start()
    lease = conversation.attach(session).lease
    sessions = conversation.stores.sessions

    def checkpoint(text: str) -> None:
        sessions.checkpoint(lease, text=text, now=NOW, lease_seconds=LEASE_SECONDS)

    def stop() -> None:
        sessions.request_stop(session.session_id, user_id=conversation.user_id, now=NOW)

    writes: list[Callable[[], None]] = [stop, *[partial(checkpoint, str(at)) for at in range(6)]]
    at_once(writes)
    after = conversation.stored(session)
    assert after.stop_requested
    assert after.partial in set("012345")
    with pytest.raises(LeaseLostError):
        sessions.checkpoint(Lease(lease.session_id, 0), text="x", now=NOW, lease_seconds=1)
