"""The session's state machine as DynamoDB conditions, and the errors for items that failed them."""

from typing import NamedTuple

from pynamodb.expressions.condition import And, Condition, Or

from chat.dynamo.items import SessionItem
from chat.errors import ChatError, NotFoundError, SessionExpiredError
from chat.sessions import Lease, Session, SessionState, minute_of, too_many_attaches


class Attempt(NamedTuple):
    """The user who attaches, the time, and the limit of attaches per minute."""

    user_id: str
    now: float
    max_attaches: int


def may_attach_again(attempt: Attempt, minute: int) -> Condition:
    """The caller's session was attached to in this minute, below the limit."""
    counted = SessionItem.attach_minute == minute
    return _all(SessionItem.user_id == attempt.user_id, counted, SessionItem.attaches < attempt.max_attaches)


def may_attach_first(attempt: Attempt, minute: int) -> Condition:
    """The caller's session was not attached to in this minute or a later one."""
    uncounted = Or(SessionItem.attach_minute.does_not_exist(), SessionItem.attach_minute < minute)
    return _all(SessionItem.user_id == attempt.user_id, uncounted)


def may_produce(attempt: Attempt) -> Condition:
    """The caller's session has not expired, and is pending or was interrupted before any text was emitted."""
    own = SessionItem.user_id == attempt.user_id
    return _all(own, SessionItem.expires_at > attempt.now, _is_to_be_made(attempt.now))


def can_be_produced(session: Session, now: float) -> bool:
    """Whether `may_produce` holds for a session that was read before."""
    if session.is_expired(now) or session.state.finished:
        return False
    return session.state is SessionState.PENDING or not (session.lease_lives(now) or session.text_emitted)


def may_be_removed(now: float) -> Condition:
    """The session has expired, and is pending or was interrupted before any text was emitted."""
    return _all(SessionItem.expires_at <= now, _is_to_be_made(now))


def holds(lease: Lease) -> Condition:
    """The lease is still the producer's."""
    return _all(SessionItem.epoch == lease.epoch, _in_state(SessionState.STREAMING))


def may_settle(session: Session, now: float) -> Condition:
    """The session is unchanged since it was read, and has no producer."""
    unchanged = _all(SessionItem.epoch == session.epoch, _in_state(session.state))
    if session.state is SessionState.STREAMING:
        return _all(unchanged, SessionItem.lease_expires_at <= now)
    return unchanged


def is_streaming(user_id: str) -> Condition:
    """The caller's session has started and not finished."""
    return _all(SessionItem.user_id == user_id, _in_state(SessionState.STREAMING))


def is_pending(user_id: str, now: float) -> Condition:
    """The caller's session has not started and not expired."""
    return _all(SessionItem.user_id == user_id, _in_state(SessionState.PENDING), SessionItem.expires_at > now)


def attach_refusal(session: Session, attempt: Attempt) -> ChatError | None:
    """The error that keeps the caller from attaching to its own session; None if it may."""
    if session.is_expired(attempt.now):
        return expired()
    if session.attach_minute >= minute_of(attempt.now) and session.attaches >= attempt.max_attaches:
        return too_many_attaches(attempt.now)
    return None


def not_found() -> NotFoundError:
    return NotFoundError("There is no such session.", code="session_not_found")


def expired() -> SessionExpiredError:
    return SessionExpiredError("The session's time is over.")


def _is_to_be_made(now: float) -> Condition:
    cut_off = _all(
        _in_state(SessionState.STREAMING),
        SessionItem.lease_expires_at <= now,
        SessionItem.text_emitted == False,  # noqa: E712  # an expression, not a comparison
    )
    return Or(_in_state(SessionState.PENDING), cut_off)


def _in_state(state: SessionState) -> Condition:
    return SessionItem.state == state


def _all(first: Condition, *others: Condition) -> Condition:
    for other in others:
        first = And(first, other)
    return first
