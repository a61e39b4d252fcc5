"""The use cases: start a session for a prompt, and stop one."""

from collections.abc import Callable
from dataclasses import dataclass

from chat.access import Access
from chat.catalog import Catalog, Model
from chat.clock import Clock
from chat.commands import kind_of
from chat.errors import ForbiddenError, InvalidRequestError
from chat.event_log import LogControl
from chat.ids import new_id, new_message_ids
from chat.limits import Allowance, RateLimitedError, RateLimiter
from chat.messages import Message, MessageKind, Role
from chat.metrics import Metric, Metrics
from chat.metrics.facts import error_facts, facts_of
from chat.sessions import Session, SessionState, SessionStore
from chat.settling import is_dead, settle
from chat.users import User


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a user asks. Without a `chat_id` it begins a chat."""

    user_id: str
    model_id: str
    text: str
    chat_id: str | None = None
    project_id: str | None = None
    task_id: str | None = None
    use_cache: bool = True


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A session that waits for its stream until `expires_at` (seconds since the epoch)."""

    session_id: str
    chat_id: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Start:
    """What a request got: a session, and what its user may still ask for."""

    session: StartedSession
    allowance: Allowance


type Once = Callable[[Prompt, Callable[[], StartedSession]], StartedSession]
"""Makes a session once, however often the same prompt is sent: gives what the callable returned the first time.

Raises `InvalidRequestError`: `idempotency_key_reused` (it was another prompt), `idempotency_in_progress`.
"""


def every_time(_prompt: Prompt, create: Callable[[], StartedSession]) -> StartedSession:
    """The `Once` of requests that ask for no idempotency."""
    return create()


@dataclass(frozen=True, slots=True, kw_only=True)
class StartChat:
    """Starts sessions."""

    access: Access
    sessions: SessionStore
    rate_limiter: RateLimiter
    catalog: Catalog
    clock: Clock
    max_prompt_chars: int
    session_seconds: int
    metrics: Metrics

    def __call__(self, prompt: Prompt, once: Once = every_time) -> Start:
        """Stores the prompt with a new session, unless something is wrong with it.

        Only a session that is made counts for the user's rate limit: neither what is refused before, nor the
        repetition of a request that has its session.

        Raises:
            InvalidRequestError: `invalid_request` (the prompt is too long), `unknown_model`; see also `Once`.
            ForbiddenError: `user_disabled`, `model_not_in_tier`.
            RateLimitedError: `rate_limited`.
            StorageError: nothing has been stored.
        """
        kind = kind_of(prompt.text)
        model = self._check(prompt)
        user = self.access.admit(prompt.user_id)
        if kind is MessageKind.CHAT:
            self._check_tier(user, model)
        limits = self.catalog.limits_of(user.tier)
        used: list[Allowance] = []

        def create() -> StartedSession:
            used.append(self.rate_limiter.hit(user.user_id, limits))
            if not used[-1].allowed:
                refusal = RateLimitedError(used[-1])
                self.metrics.publish({Metric.RATE_LIMITED: 1}, **error_facts(refusal))
                raise refusal
            return self._create(prompt, kind)

        session = once(prompt, create)
        return Start(session, used[-1] if used else self.rate_limiter.peek(user.user_id, limits))

    def _check(self, prompt: Prompt) -> Model:
        if len(prompt.text) > self.max_prompt_chars:
            message = f"The prompt has more than {self.max_prompt_chars} characters."
            raise InvalidRequestError(message, errors=[{"field": "prompt", "message": message}])
        model = self.catalog.get(prompt.model_id)
        if model is None:
            raise InvalidRequestError(
                "There is no such model.", code="unknown_model", models=[known.id for known in self.catalog.models]
            )
        return model

    def _check_tier(self, user: User, model: Model) -> None:
        if not user.tier.includes(model.tier):
            raise ForbiddenError(
                f"{model.id} is not part of the tier {user.tier}.",
                code="model_not_in_tier",
                tier=user.tier,
                allowedModels=[allowed.id for allowed in self.catalog.allowed_for(user.tier)],
            )

    def _create(self, prompt: Prompt, kind: MessageKind) -> StartedSession:
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
        )
        self.sessions.start(session, message)
        self.metrics.publish({Metric.SESSIONS_STARTED: 1}, **facts_of(session, self.catalog.get(session.model_id)))
        return StartedSession(session.session_id, session.chat_id, session.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopChat:
    """Stops sessions."""

    access: Access
    sessions: SessionStore
    control: LogControl
    clock: Clock

    def __call__(self, session_id: str, user_id: str) -> SessionState:
        """Asks for a stop; returns the state after that: `streaming` while the producer has yet to notice.

        Raises:
            ForbiddenError: `user_disabled`.
            NotFoundError: `session_not_found`: unknown, or another user's.
            SessionExpiredError: it was never streamed, and its time is over.
        """
        self.access.admit(user_id)
        now = self.clock.now()
        session = self.sessions.request_stop(session_id, user_id=user_id, now=now)
        if is_dead(session, now):
            settle(self.sessions, session, now, self.control)
            session = self.sessions.get(session_id) or session
        elif not session.state.finished:
            self.control.request_stop(session_id)
        return session.state
