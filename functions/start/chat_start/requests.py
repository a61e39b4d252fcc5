"""Inputs and results of the start function's use cases."""

from collections.abc import Callable
from dataclasses import dataclass

from chat.limits import Allowance


@dataclass(frozen=True, slots=True)
class Prompt:
    """A new prompt. Without a `chat_id` it starts a new chat."""

    user_id: str
    model_id: str
    text: str
    chat_id: str | None = None
    project_id: str | None = None
    task_id: str | None = None
    use_cache: bool = True


@dataclass(frozen=True, slots=True)
class Regeneration:
    """A request for another answer to a stored prompt."""

    user_id: str
    model_id: str
    chat_id: str
    message_id: str
    """The id of the prompt's message."""


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A stored session. Its stream must start before `expires_at` (seconds since the epoch)."""

    session_id: str
    chat_id: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Start:
    """The result of a request: its session, and the user's remaining allowance."""

    session: StartedSession
    allowance: Allowance


type IdempotentCreate = Callable[[Prompt | Regeneration, Callable[[], StartedSession]], StartedSession]
"""Calls the callable once for each key. A repetition of the request returns the result of the first call.

Raises:
    InvalidRequestError: `idempotency_key_reused` (the key came with another request), `idempotency_in_progress`.
    StorageError: the idempotency records cannot be read or written.
"""


def not_idempotent(_request: Prompt | Regeneration, create: Callable[[], StartedSession]) -> StartedSession:
    """The `IdempotentCreate` for requests without an Idempotency-Key: always calls `create`."""
    return create()
