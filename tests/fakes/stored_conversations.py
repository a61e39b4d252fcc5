"""Conversations that a user had, in the tables of a `World`."""

import time
from typing import Any

from chat.ids import new_id, new_message_ids
from chat.messages import Message, MessageKind, Role, Usage
from chat.sessions import Session, SessionState
from fakes.buffered_functions import World, user_of


def a_session(user_id: str, chat_id: str, *, at: float) -> Session:
    """A session that began `at` seconds from now."""
    now = time.time() + at
    ids = new_message_ids(now)
    return Session(
        session_id=new_id(),
        user_id=user_id,
        chat_id=chat_id,
        model_id="gpt-5.6-luna",
        kind=MessageKind.CHAT,
        prompt_message_id=ids.prompt,
        answer_message_id=ids.answer,
        created_at=now,
        expires_at=now + 600,
        project_id="project",
        task_id="task",
    )


def converse(
    aws: World, bearer: str, chat_id: str, prompt: str, answer: str | None = None, *, at: float = 0
) -> Session:
    """A prompt `at` seconds from now, and its answer unless that is None."""
    session = a_session(user_of(bearer), chat_id, at=at)
    aws.sessions.start(session, a_message(session, session.prompt_message_id, Role.USER, prompt))
    if answer is not None:
        said = a_message(
            session, session.answer_message_id, Role.ASSISTANT, answer, finish_reason="stop", usage=Usage(12, 34)
        )
        finish(aws, session, SessionState.COMPLETED, said)
    return session


def finish(aws: World, session: Session, state: SessionState, answer: Message) -> None:
    attachment = aws.sessions.attach(
        session.session_id,
        user_id=session.user_id,
        owner="tests",
        now=session.created_at,
        lease_seconds=9,
        max_attaches=10,
    )
    aws.sessions.finish(attachment.lease, state=state, answer=answer)


def a_message(session: Session, message_id: str, role: Role, content: str, **more: Any) -> Message:
    return Message(
        message_id=message_id,
        user_id=session.user_id,
        chat_id=session.chat_id,
        session_id=session.session_id,
        role=role,
        content=content,
        model_id=session.model_id,
        created_at=session.created_at,
        project_id=session.project_id,
        task_id=session.task_id,
        **more,
    )
