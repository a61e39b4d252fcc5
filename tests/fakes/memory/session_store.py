"""The store of sessions in memory, with the same decisions as the real one: each runs under one lock."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chat.errors import NotFoundError, SessionExpiredError
from chat.messages import Message, MessageStatus
from chat.sessions import (
    STREAM_LIFETIME_SECONDS,
    AttachDecision,
    AttachRole,
    Failure,
    Lease,
    LeaseLostError,
    Session,
    SessionNotStoredError,
    SessionState,
    Viewer,
    minute_of,
    status_without_text,
    too_many_attaches,
    with_failure,
)
from fakes.memory.database import MemoryDatabase


class MemorySessionStore:
    """A `chat.sessions.SessionStore`."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database

    def start(self, session: Session, prompt: Message) -> None:
        with self.database.lock:
            self.database.check(SessionNotStoredError)
            known = self.database.sessions.get(session.session_id)
            if known is not None:
                if (known.user_id, known.prompt_message_id) == (session.user_id, session.prompt_message_id):
                    return
                raise SessionNotStoredError("The session is there already.")
            self.database.sessions[session.session_id] = session
            self.database.add_message(prompt)
            chat = (session.user_id, session.chat_id)
            self.database.activity[chat] = max(self.database.activity.get(chat, ""), prompt.message_id)

    def restart(self, session: Session, *, replaced: str) -> bool:
        with self.database.lock:
            self.database.check(SessionNotStoredError)
            known = self.database.sessions.get(session.session_id)
            if known is not None:
                if (known.user_id, known.prompt_message_id) == (session.user_id, session.prompt_message_id):
                    return True
                raise SessionNotStoredError("The session is there already.")
            prompt = self.database.prompt_of(session)
            if prompt is None or prompt.session_id != replaced:
                return False
            self.database.sessions[session.session_id] = session
            self.database.add_message(
                replace(
                    prompt,
                    session_id=session.session_id,
                    prompt_status=MessageStatus.PENDING,
                    code=None,
                    retryable=None,
                )
            )
            return True

    def get_many(self, session_ids: Sequence[str]) -> Mapping[str, Session]:
        with self.database.lock:
            self.database.check()
            sessions = self.database.sessions
            return {known: replace(sessions[known], partial="") for known in session_ids if known in sessions}

    def get(self, session_id: str) -> Session | None:
        with self.database.lock:
            self.database.check()
            return self.database.sessions.get(session_id)

    def attach(
        self,
        session_id: str,
        *,
        user_id: str,
        owner: str,
        now: float,
        lease_seconds: float,
        max_attaches: int,
        may_produce: bool = True,
        viewer: Viewer | None = None,
    ) -> AttachDecision:
        with self.database.lock:
            session = self._owned(session_id, user_id)
            if session.is_expired(now):
                raise SessionExpiredError("The session's time is over.")
            role = _role(session, now)
            if role is AttachRole.PRODUCE and may_produce:
                session = replace(session, viewers=session.viewers or {})
                viewer = session.seen_by(viewer)
                session = replace(
                    session,
                    state=SessionState.STREAMING,
                    owner=owner,
                    epoch=session.epoch + 1,
                    lease_expires_at=now + lease_seconds,
                    expires_at=now + STREAM_LIFETIME_SECONDS,
                    partial="",
                    attaches=1,
                    attach_minute=minute_of(now),
                    viewers=_recorded(session, viewer),
                )
                self.database.sessions[session_id] = session
                return AttachDecision(role, session, viewer)
            if session.attach_minute < minute_of(now):
                session = replace(session, attach_minute=minute_of(now), attaches=0)
            elif session.attaches >= max_attaches:
                raise too_many_attaches(now)
            viewer = session.seen_by(viewer)
            if viewer is not None:
                session = replace(session, viewers=_recorded(session, viewer))
            session = replace(session, attaches=session.attaches + 1)
            self.database.sessions[session_id] = session
            return AttachDecision(AttachRole.REPLAY if session.state.finished else AttachRole.FOLLOW, session, viewer)

    def checkpoint(self, lease: Lease, *, text: str | None, now: float, lease_seconds: float) -> bool:
        with self.database.lock:
            session = replace(self._held(lease), lease_expires_at=now + lease_seconds)
            if text is not None:
                session = replace(session, partial=text, text_emitted=True)
            self.database.sessions[lease.session_id] = session
            return session.stop_requested

    def finish(
        self,
        session: Session,
        *,
        state: SessionState,
        answer: Message | None,
        failure: Failure | None = None,
    ) -> None:
        with self.database.lock:
            current = self.database.sessions.get(session.session_id)
            if current is not None and self._has_ended(current, session.epoch, state, answer, failure):
                return
            self._end(self._held(session.lease), state, answer, failure)

    def settle(
        self,
        session: Session,
        *,
        now: float,
        state: SessionState,
        answer: Message | None,
        failure: Failure | None = None,
    ) -> bool:
        with self.database.lock:
            self.database.check()
            current = self.database.sessions.get(session.session_id)
            if (
                current is None
                or (current.state, current.epoch) != (session.state, session.epoch)
                or current.state.finished
                or current.lease_lives(now)
            ):
                return False
            self._end(current, state, answer, failure)
            return True

    def request_stop(self, session_id: str, *, user_id: str, now: float) -> Session:
        with self.database.lock:
            session = self._owned(session_id, user_id)
            if session.state is SessionState.PENDING:
                if session.is_expired(now):
                    raise SessionExpiredError("The session's time is over.")
                session = replace(session, state=SessionState.STOPPED, stop_requested=True)
                self._mark_prompt(session, None)
            elif session.state is SessionState.STREAMING:
                session = replace(session, stop_requested=True)
            self.database.sessions[session_id] = session
            return session

    def _owned(self, session_id: str, user_id: str) -> Session:
        self.database.check()
        session = self.database.sessions.get(session_id)
        if session is None or session.user_id != user_id:
            raise NotFoundError("There is no such session.", code="session_not_found")
        return session

    def _held(self, lease: Lease) -> Session:
        self.database.check()
        session = self.database.sessions.get(lease.session_id)
        if session is None or session.epoch != lease.epoch or session.state is not SessionState.STREAMING:
            raise LeaseLostError(lease.session_id)
        return session

    def _has_ended(
        self, session: Session, epoch: int, state: SessionState, answer: Message | None, failure: Failure | None
    ) -> bool:
        self.database.check()
        stored = self.database.messages[session.user_id, session.chat_id].get(session.answer_message_id)
        ended = session.state.finished and (session.epoch, session.state, session.failure) == (epoch, state, failure)
        return ended and stored == (answer and with_failure(answer, failure))

    def _mark_prompt(self, session: Session, failure: Failure | None) -> None:
        prompt = self.database.prompt_of(session)
        if prompt is not None and prompt.session_id == session.session_id:
            unmarked = replace(prompt, prompt_status=status_without_text(session.state), code=None, retryable=None)
            self.database.add_message(with_failure(unmarked, failure))

    def _end(self, session: Session, state: SessionState, answer: Message | None, failure: Failure | None) -> None:
        self.database.sessions[session.session_id] = replace(
            session, state=state, failure=failure, partial=session.partial if answer is None else ""
        )
        if answer is None:
            self._mark_prompt(self.database.sessions[session.session_id], failure)
            return
        self.database.add_message(with_failure(answer, failure))
        user = self.database.users.get(session.user_id)
        if user is not None and answer.usage is not None and not answer.cached:
            self.database.users[session.user_id] = replace(
                user,
                input_tokens=user.input_tokens + answer.usage.input_tokens,
                output_tokens=user.output_tokens + answer.usage.output_tokens,
            )


def _role(session: Session, now: float) -> AttachRole:
    if session.state.finished:
        return AttachRole.REPLAY
    if session.state is SessionState.PENDING:
        return AttachRole.PRODUCE
    if session.lease_lives(now) or session.text_emitted:
        return AttachRole.FOLLOW
    return AttachRole.PRODUCE


def _recorded(session: Session, viewer: Viewer | None) -> dict[str, str]:
    """The newest connection of each client, with this one."""
    return {**(session.viewers or {}), **({viewer.key: viewer.connection} if viewer else {})}
