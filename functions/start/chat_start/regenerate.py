"""The use case: start another session for a stored prompt."""

from dataclasses import dataclass

from chat.clock import Clock
from chat.errors import InvalidRequestError, NotFoundError
from chat.ids import later_answer_id, new_id
from chat.messages import MessageStore, StoredPrompt
from chat.metrics import Metric, Metrics
from chat.metrics.log_fields import log_fields
from chat.metrics.settled import publish_settled
from chat.sessions import Session, SessionState, SessionStore
from chat.sessions.settling import settle
from chat.sharing.event_log import LogControl
from chat_start.admission import Admission
from chat_start.requests import IdempotentCreate, Regeneration, Start, StartedSession, not_idempotent

RACE_ATTEMPTS = 3
"""Attempts to settle the prompt's newest session if it changes between the read and the write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegenerateAnswer:
    """Starts another answer to a stored prompt: a retry after a failure, or a different answer."""

    admission: Admission
    sessions: SessionStore
    messages: MessageStore
    control: LogControl
    clock: Clock
    session_seconds: int
    metrics: Metrics

    def __call__(self, asked: Regeneration, once: IdempotentCreate = not_idempotent) -> Start:
        """Stores a new session as the prompt's newest. Does not change the prompt otherwise.

        The answer never comes from the response cache, and is stored after the prompt's earlier answers. The session
        counts towards the user's rate limit like any other.

        Raises:
            InvalidRequestError: `unknown_model`, `answer_in_progress`; see also `IdempotentCreate`.
            NotFoundError: `message_not_found`: the message is unknown, another user's, or not a prompt.
            ForbiddenError: `user_disabled`, `model_not_in_tier`.
            RateLimitedError: `rate_limited`.
            StorageError: the session may have been stored, unless the error is a `SessionNotStoredError`.
        """
        model = self.admission.model(asked.model_id)
        user = self.admission.user(asked.user_id)
        prompt = self.messages.prompt(asked.user_id, asked.chat_id, asked.message_id)
        if prompt is None:
            raise NotFoundError("There is no such prompt.", code="message_not_found")
        self.admission.check_tier(user, model, prompt.kind)
        quota = self.admission.quota(user)

        def create() -> StartedSession:
            session = self._session(asked, prompt, self._ended(prompt.session_id))
            with quota.used():
                if not self.sessions.restart(session, replaced=prompt.session_id):
                    raise _in_progress()
            self.metrics.publish({Metric.SESSIONS_STARTED: 1}, **log_fields(session, model))
            return StartedSession(session.session_id, session.chat_id, session.expires_at)

        return Start(once(asked, create), quota.allowance())

    def _ended(self, session_id: str) -> Session | None:
        """The prompt's newest session, which no request can produce any more, or None if it no longer exists.

        A session whose producer died is settled. Otherwise a client that reconnects could have it produced alongside
        the new one.

        Raises:
            InvalidRequestError: `answer_in_progress`.
        """
        for _ in range(RACE_ATTEMPTS):
            now = self.clock.now()
            session = self.sessions.get(session_id)
            if session is None or session.state.finished:
                return session
            if session.state is SessionState.PENDING and session.is_expired(now):
                return session
            if session.state is SessionState.PENDING or session.lease_lives(now):
                raise _in_progress()
            logged_text = self.control.text(session.session_id, epoch=session.epoch)
            if settle(self.sessions, session, now, logged_text=logged_text):
                publish_settled(self.metrics, session, self.admission.catalog.get(session.model_id))
        raise _in_progress()

    def _session(self, asked: Regeneration, prompt: StoredPrompt, before: Session | None) -> Session:
        now = self.clock.now()
        after = before.answer_message_id if before else None
        return Session(
            session_id=new_id(),
            user_id=asked.user_id,
            chat_id=asked.chat_id,
            model_id=asked.model_id,
            kind=prompt.kind,
            prompt_message_id=prompt.message_id,
            answer_message_id=later_answer_id(prompt.message_id, now, after=after),
            created_at=now,
            expires_at=now + self.session_seconds,
            project_id=prompt.project_id,
            task_id=prompt.task_id,
            use_cache=False,
        )


def _in_progress() -> InvalidRequestError:
    return InvalidRequestError(
        "The prompt's answer is still being written.", code="answer_in_progress", status=409, retryable=True
    )
