"""What became of a prompt's answer."""

from dataclasses import replace

from chat.messages import Message, MessageKind, MessageStatus, Role
from chat.sessions import Session, SessionState, status_without_text, with_failure
from chat.sessions.settling import INTERRUPTED

SESSION_EXPIRED = "session_expired"
"""The code of a prompt whose session ran out before anybody had been shown any text."""


def is_open(message: Message) -> bool:
    """It is a prompt, and its own item does not say that its newest session has ended."""
    return message.role is Role.USER and message.prompt_status in {None, MessageStatus.PENDING}


def answered(prompt: Message) -> Message:
    """The prompt, to which its newest session gave an answer, whole or not."""
    return replace(prompt, status=MessageStatus.COMPLETE)


def unanswered(prompt: Message, session: Session | None, now: float) -> Message:
    """The prompt with its status, from what is known of it and of its newest session, which gave no text."""
    if not is_open(prompt):
        return replace(prompt, status=prompt.prompt_status or prompt.status)
    if session is None:
        return _without_session(prompt)
    if session.state.finished:
        ended = replace(prompt, status=status_without_text(session.state))
        return with_failure(ended, session.failure)
    if not session.is_expired(now):
        streaming = session.state is SessionState.STREAMING
        return replace(prompt, status=MessageStatus.STREAMING if streaming else MessageStatus.PENDING)
    if session.text_emitted:  # the next cleanup stores the partial answer
        return with_failure(replace(prompt, status=MessageStatus.FAILED), INTERRUPTED)
    return _expired(prompt)


def _without_session(prompt: Message) -> Message:
    if prompt.prompt_status is MessageStatus.PENDING:
        # Every end but one leaves an answer or a mark: the cleanup removes a session that ran out and showed nothing.
        return _expired(prompt)
    if prompt.kind is MessageKind.COMMAND:
        return prompt
    # Version 0.1.0 stored no status: there is no answer and there will be none, for an unknown reason.
    return replace(prompt, status=MessageStatus.FAILED)


def _expired(prompt: Message) -> Message:
    return replace(prompt, status=MessageStatus.FAILED, code=SESSION_EXPIRED, retryable=True)
