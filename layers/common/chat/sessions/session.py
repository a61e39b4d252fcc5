"""The model of a session: one prompt and its one generation.

States: pending -> streaming -> completed | stopped | failed. A session in any state expires at `expires_at`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil

from chat.errors import TooManyRequestsError
from chat.messages import Message, MessageKind, MessageStatus

STREAM_LIFETIME_SECONDS = 1500
"""How long a session lives once it streams: Lambda's maximum function timeout, and ten minutes to reconnect."""


ATTACH_MINUTE_SECONDS = 60
MAX_VIEWERS = 32
"""Clients recorded per session. Each enlarges the item that every checkpoint writes."""


class SessionState(StrEnum):
    """The state of a session."""

    PENDING = "pending"
    STREAMING = "streaming"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def finished(self) -> bool:
        return self not in {SessionState.PENDING, SessionState.STREAMING}


class AttachRole(StrEnum):
    """What the request of an attached client does."""

    PRODUCE = "produce"
    """Holds the lease: calls the provider and stores the answer."""
    FOLLOW = "follow"
    """Reads what another request produces. That request holds the lease, or held it and died after emitting text."""
    REPLAY = "replay"
    """Reads the stored answer: the generation is over."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The content of a failed session's `error` event."""

    code: str
    message: str
    retryable: bool
    retry_after_seconds: int | None = None
    """Seconds after the failure at which a retry can succeed. Sent to connected clients, not stored."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A connection of a client: `key` identifies the client, `connection` the connection."""

    key: str
    connection: str
    replaces: bool = True
    """True: this connection replaces the client's earlier ones. False: it is an additional one."""

    def is_replaced_in(self, session: "Session") -> bool:
        """Whether a newer connection of the same client has replaced this one."""
        return (session.viewers or {}).get(self.key, self.connection) != self.connection


@dataclass(frozen=True, slots=True)
class Session:
    """One prompt's session. Times are in seconds since the epoch.

    `answer_message_id` is chosen at the start and sorts directly after `prompt_message_id`. So whichever process stores
    the answer, and however often it retries, there is one answer and it follows its prompt.
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
    """Whether the answer may come from the cache. The answer is cached either way."""
    state: SessionState = SessionState.PENDING
    attaches: int = 0
    """Attaches counted in the minute `attach_minute`."""
    attach_minute: int = 0
    """In minutes since the epoch."""
    viewers: Mapping[str, str] | None = None
    """The newest connection of each client that sends a client id, by client; None: connections are not recorded."""
    owner: str | None = None
    epoch: int = 0
    lease_expires_at: float = 0.0
    text_emitted: bool = False
    """Text has reached a client, or may have: the answer must never be generated again."""
    partial: str = ""
    """The text of the last checkpoint."""
    stop_requested: bool = False
    failure: Failure | None = None

    @property
    def lease(self) -> "Lease":
        """The current lease; held by the request that attached as producer."""
        return Lease(self.session_id, self.epoch)

    def lease_lives(self, now: float) -> bool:
        """Whether a producer holds a valid lease."""
        return self.state is SessionState.STREAMING and now < self.lease_expires_at

    def seen_by(self, viewer: Viewer | None) -> Viewer | None:
        """The viewer to record; None if this session does not record it."""
        if viewer is None or self.viewers is None or self.state.finished:
            return None
        if viewer.key not in self.viewers and len(self.viewers) >= MAX_VIEWERS:
            return None
        if viewer.replaces:
            return viewer
        return replace(viewer, connection=self.viewers.get(viewer.key, viewer.connection))

    def is_expired(self, now: float) -> bool:
        """Whether it has expired. DynamoDB's TTL may delete it much later."""
        return now >= self.expires_at


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to produce. A producer's writes are conditional on the epoch: without the lease it stores nothing."""

    session_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class AttachDecision:
    """The decision of `SessionStore.attach`, and the session after it."""

    role: AttachRole
    session: Session
    viewer: Viewer | None = None
    """The connection, if the session records it."""

    @property
    def lease(self) -> Lease:
        return self.session.lease


def too_many_attaches(now: float) -> TooManyRequestsError:
    """The error for an attach beyond the limit of the current clock minute."""
    return TooManyRequestsError(
        "The session was opened too often within a minute.",
        code="too_many_attaches",
        retryable=True,
        retryAfterSeconds=max(1, ceil(ATTACH_MINUTE_SECONDS - now % ATTACH_MINUTE_SECONDS)),
    )


def minute_of(now: float) -> int:
    """The clock minute in which an attach at `now` is counted."""
    return int(now // ATTACH_MINUTE_SECONDS)


def status_without_text(state: SessionState) -> MessageStatus:
    """The status of a prompt whose session ended in `state` without text."""
    return {
        SessionState.COMPLETED: MessageStatus.COMPLETE,
        SessionState.STOPPED: MessageStatus.STOPPED,
        SessionState.FAILED: MessageStatus.FAILED,
    }[state]


def with_failure(message: Message, failure: Failure | None) -> Message:
    """The message with the failure's code, if there is a failure."""
    return message if failure is None else replace(message, code=failure.code, retryable=failure.retryable)
