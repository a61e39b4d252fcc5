"""The use case: start a session for a prompt."""

from dataclasses import dataclass

from chat.catalog import Model
from chat.clock import Clock
from chat.commands import kind_of
from chat.errors import InvalidRequestError
from chat.ids import new_id, new_message_ids
from chat.messages import Message, MessageKind, MessageStatus, Role
from chat.metrics import Metric, Metrics
from chat.metrics.log_fields import log_fields
from chat.sessions import Session, SessionStore
from chat_start.admission import Admission
from chat_start.requests import IdempotentCreate, Prompt, Start, StartedSession, not_idempotent


@dataclass(frozen=True, slots=True, kw_only=True)
class StartChat:
    """Starts sessions."""

    admission: Admission
    sessions: SessionStore
    clock: Clock
    max_prompt_chars: int
    session_seconds: int
    metrics: Metrics

    def __call__(self, prompt: Prompt, once: IdempotentCreate = not_idempotent) -> Start:
        """Validates the prompt and stores it with a new session.

        Only a stored session counts towards the user's rate limit. A refused request does not count, and neither does
        the repetition of a request that already has its session.

        Raises:
            InvalidRequestError: `invalid_request` (the prompt is too long), `unknown_model`; see also
                `IdempotentCreate`.
            ForbiddenError: `user_disabled`, `model_not_in_tier`.
            RateLimitedError: `rate_limited`.
            StorageError: the session may have been stored, unless the error is a `SessionNotStoredError`.
        """
        kind = kind_of(prompt.text)
        if len(prompt.text) > self.max_prompt_chars:
            message = f"The prompt has more than {self.max_prompt_chars} characters."
            raise InvalidRequestError(message, errors=[{"field": "prompt", "message": message}])
        model = self.admission.model(prompt.model_id)
        user = self.admission.user(prompt.user_id)
        self.admission.check_tier(user, model, kind)
        quota = self.admission.quota(user)

        def create() -> StartedSession:
            session, message = self._session(prompt, kind)
            with quota.used():
                self.sessions.start(session, message)
            return self._started(session, model)

        return Start(once(prompt, create), quota.allowance())

    def _started(self, session: Session, model: Model) -> StartedSession:
        self.metrics.publish({Metric.SESSIONS_STARTED: 1}, **log_fields(session, model))
        return StartedSession(session.session_id, session.chat_id, session.expires_at)

    def _session(self, prompt: Prompt, kind: MessageKind) -> tuple[Session, Message]:
        now = self.clock.now()
        ids = new_message_ids(now)
        session = Session(
            session_id=new_id(),
            user_id=prompt.user_id,
            chat_id=prompt.chat_id or new_id(),
            model_id=prompt.model_id,
            kind=kind,
            prompt_message_id=ids.prompt,
            answer_message_id=ids.answer,
            created_at=now,
            expires_at=now + self.session_seconds,
            project_id=prompt.project_id,
            task_id=prompt.task_id,
            use_cache=prompt.use_cache,
        )
        message = Message(
            message_id=ids.prompt,
            user_id=session.user_id,
            chat_id=session.chat_id,
            session_id=session.session_id,
            role=Role.USER,
            content=prompt.text,
            model_id=session.model_id,
            created_at=now,
            kind=kind,
            project_id=session.project_id,
            task_id=session.task_id,
            prompt_status=MessageStatus.PENDING,
        )
        return session, message
