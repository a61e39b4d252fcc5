"""Settling: ending a session whose producer died."""

from chat import messages as m
from chat.sessions import Failure, Session, SessionState, SessionStore

INTERRUPTED = Failure("interrupted", "The answer was interrupted; the text written so far is kept.", retryable=True)


def is_dead(session: Session, now: float) -> bool:
    """Whether its producer has died and no other may take over: text was emitted, or its user asked for a stop."""
    abandoned = session.state is SessionState.STREAMING and not session.lease_lives(now)
    return abandoned and (session.text_emitted or session.stop_requested)


def settle(store: SessionStore, session: Session, now: float, *, logged_text: str | None) -> bool:
    """Stores the partial answer as `interrupted` or, if its user asked for a stop, as `stopped`.

    Its text is `logged_text` (the event log's text of the session's epoch) or the last checkpoint, whichever is
    longer. Returns False if another request settled it first.
    """
    text = max(logged_text or "", session.partial, key=len)
    stopped = session.stop_requested
    return store.settle(
        session,
        now=now,
        state=SessionState.STOPPED if stopped else SessionState.FAILED,
        answer=answer_of(
            session,
            text,
            created_at=now,
            status=m.MessageStatus.STOPPED if stopped else m.MessageStatus.INTERRUPTED,
            finish_reason="stopped" if stopped else None,
        ),
        failure=None if stopped else INTERRUPTED,
    )


def answer_of(
    session: Session,
    text: str,
    *,
    created_at: float,
    status: m.MessageStatus,
    finish_reason: str | None,
    usage: m.Usage | None = None,
) -> m.Message | None:
    """The session's answer as a message; None if `text` is empty."""
    if not text:
        return None
    return m.Message(
        message_id=session.answer_message_id,
        user_id=session.user_id,
        chat_id=session.chat_id,
        session_id=session.session_id,
        role=m.Role.ASSISTANT,
        content=text,
        model_id=session.model_id,
        created_at=created_at,
        status=status,
        kind=session.kind,
        finish_reason=finish_reason,
        usage=usage,
        project_id=session.project_id,
        task_id=session.task_id,
    )
