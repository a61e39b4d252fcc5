"""Sessions: one prompt, one generation. The state machine, and the port to where sessions are kept.

pending -> streaming -> completed | stopped | failed; any of them expires when its time is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil

from chat.errors import TooManyRequestsError
from chat.messages import Message, MessageKind, MessageStatus

STREAM_LIFETIME_SECONDS = 1500
"""How long a session lives once it is being streamed: the longest that Lambda lets a function run, and ten minutes to
come back to the answer."""


ATTACH_MINUTE_SECONDS = 60
MAX_VIEWERS = 32
"""Clients of a session of which account is kept: each adds to the item that every checkpoint writes."""


class SessionState(StrEnum):
    """Where a session is."""

    PENDING = "pending"
    STREAMING = "streaming"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def finished(self) -> bool:
        return self not in {SessionState.PENDING, SessionState.STREAMING}


class AttachRole(StrEnum):
    """What an attached client's request does."""

    PRODUCE = "produce"
    """It holds the lease: it asks the provider and stores the answer."""
    FOLLOW = "follow"
    """Another request holds the lease (or held it and died after text was shown)."""
    REPLAY = "replay"
    """The generation is over."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How a failed session's `error` event reads."""

    code: str
    message: str
    retryable: bool
    retry_after_seconds: int | None = None
    """When a repetition can succeed, counted from the failure on: clients that are there get it, it is not stored."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """One connection of a client: `key` is the client's, `connection` its own."""

    key: str
    connection: str
    replaces: bool = True
    """The client has left its earlier connections; else this one is another beside them."""

    def is_replaced_in(self, session: "Session") -> bool:
        """The client has opened a newer connection, and left this one."""
        return (session.viewers or {}).get(self.key, self.connection) != self.connection


@dataclass(frozen=True, slots=True)
class Session:
    """One prompt's session. Times are in seconds since the epoch.

    `answer_message_id` is fixed at the start, directly after `prompt_message_id`: whoever stores the answer, and
    however often it is tried, there is one answer and it stands behind its prompt.
    """

    session_id: str
    user_id: str
    chat_id: str
    model_id: str
    kind: MessageKind
    prompt_message_id: str
    answer_message_id: str
    created_at: float
    expires_at: float
    project_id: str | None = None
    task_id: str | None = None
    use_cache: bool = True
    """Whether it may be answered from the cache; its answer is kept there either way."""
    state: SessionState = SessionState.PENDING
    attaches: int = 0
    """How often it was attached to in the minute `attach_minute`."""
    attach_minute: int = 0
    """In minutes since the epoch."""
    viewers: Mapping[str, str] | None = None
    """The newest connection of each client that names itself, by client; None: the session keeps no account of them."""
    owner: str | None = None
    epoch: int = 0
    lease_expires_at: float = 0.0
    text_emitted: bool = False
    """Text has reached a client (or may have): the generation must never be made anew."""
    partial: str = ""
    """The text of the last checkpoint."""
    stop_requested: bool = False
    failure: Failure | None = None

    @property
    def lease(self) -> "Lease":
        """The right to produce it, as of this reading; whoever attached to produce holds it."""
        return Lease(self.session_id, self.epoch)

    def lease_lives(self, now: float) -> bool:
        """Somebody is producing."""
        return self.state is SessionState.STREAMING and now < self.lease_expires_at

    def seen_by(self, viewer: Viewer | None) -> Viewer | None:
        """The viewer as it is to be kept; None where the session keeps no account."""
        if viewer is None or self.viewers is None or self.state.finished:
            return None
        if viewer.key not in self.viewers and len(self.viewers) >= MAX_VIEWERS:
            return None
        if viewer.replaces:
            return viewer
        return replace(viewer, connection=self.viewers.get(viewer.key, viewer.connection))

    def is_expired(self, now: float) -> bool:
        """Past its time, whether or not DynamoDB has deleted it yet."""
        return now >= self.expires_at


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to produce: every write of a producer carries the epoch, so one that lost its lease stores nothing."""

    session_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class AttachDecision:
    """What `SessionStore.attach` decided, and the session as it is after that."""

    role: AttachRole
    session: Session
    viewer: Viewer | None = None
    """The connection, where the session keeps account of it."""

    @property
    def lease(self) -> Lease:
        return self.session.lease


def too_many_attaches(now: float) -> TooManyRequestsError:
    """The refusal of one attach more in this minute of the clock."""
    return TooManyRequestsError(
        "The session was opened too often within a minute.",
        code="too_many_attaches",
        retryable=True,
        retryAfterSeconds=max(1, ceil(ATTACH_MINUTE_SECONDS - now % ATTACH_MINUTE_SECONDS)),
    )


def minute_of(now: float) -> int:
    """The minute of the clock in which attaches are counted."""
    return int(now // ATTACH_MINUTE_SECONDS)


def status_without_text(state: SessionState) -> MessageStatus:
    """What becomes of a prompt whose session ended in `state` and left no text."""
    return {
        SessionState.COMPLETED: MessageStatus.COMPLETE,
        SessionState.STOPPED: MessageStatus.STOPPED,
        SessionState.FAILED: MessageStatus.FAILED,
    }[state]


def with_failure(message: Message, failure: Failure | None) -> Message:
    """The message that says why it is not whole, or why it has no answer."""
    return message if failure is None else replace(message, code=failure.code, retryable=failure.retryable)
