"""The status of a prompt, from its answer or its newest session."""

from dataclasses import replace

from chat.messages import Message, MessageKind, MessageStatus, Role
from chat.sessions import Session, SessionState, status_without_text, with_failure
from chat.sessions.settling import INTERRUPTED

SESSION_EXPIRED = "session_expired"
"""The error code of a prompt whose session expired before any text was shown."""


def is_open(message: Message) -> bool:
    """Whether the message is a prompt whose item has no final status for its newest session."""
    return message.role is Role.USER and message.prompt_status in {None, MessageStatus.PENDING}


def answered(prompt: Message) -> Message:
    """The prompt with its status, if its newest session stored a complete or partial answer."""
    return replace(prompt, status=MessageStatus.COMPLETE)


def unanswered(prompt: Message, session: Session | None, now: float) -> Message:
    """The prompt with its status, if its newest session stored no answer. `session` is None if it no longer exists."""
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
    if session.text_emitted:  # the next cleanup run stores the partial answer
        return with_failure(replace(prompt, status=MessageStatus.FAILED), INTERRUPTED)
    return _expired(prompt)


def _without_session(prompt: Message) -> Message:
    if prompt.prompt_status is MessageStatus.PENDING:
        # Every outcome but one leaves an answer or a mark on the prompt. The exception is a session that expired before
        # any text was shown: the cleanup removes it.
        return _expired(prompt)
    if prompt.kind is MessageKind.COMMAND:
        return prompt
    # Version 0.1.0 left no marks on prompts: no answer exists or will follow, and the reason is unknown.
    return replace(prompt, status=MessageStatus.FAILED)


def _expired(prompt: Message) -> Message:
    return replace(prompt, status=MessageStatus.FAILED, code=SESSION_EXPIRED, retryable=True)
