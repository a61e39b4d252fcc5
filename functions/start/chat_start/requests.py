"""What is asked of the start function, and what its use cases give."""

from collections.abc import Callable
from dataclasses import dataclass

from chat.limits import Allowance


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
class Regeneration:
    """Another answer to a prompt that is in a chat already."""

    user_id: str
    model_id: str
    chat_id: str
    message_id: str
    """The prompt's."""


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


type IdempotentCreate = Callable[[Prompt | Regeneration, Callable[[], StartedSession]], StartedSession]
"""Makes a session once, however often the same request is sent: gives what the callable returned the first time.

Raises `InvalidRequestError`: `idempotency_key_reused` (it was another request), `idempotency_in_progress`.
"""


def not_idempotent(_request: Prompt | Regeneration, create: Callable[[], StartedSession]) -> StartedSession:
    """The `IdempotentCreate` of requests that ask for no idempotency."""
    return create()
