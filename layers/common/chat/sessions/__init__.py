"""A session: one prompt, its one generation, and its access rights."""

from chat.sessions.session import (
    ATTACH_MINUTE_SECONDS,
    MAX_VIEWERS,
    STREAM_LIFETIME_SECONDS,
    AttachDecision,
    AttachRole,
    Failure,
    Lease,
    Session,
    SessionState,
    Viewer,
    minute_of,
    status_without_text,
    too_many_attaches,
    with_failure,
)
from chat.sessions.store import LeaseLostError, SessionNotStoredError, SessionStore

__all__ = [
    "ATTACH_MINUTE_SECONDS",
    "MAX_VIEWERS",
    "STREAM_LIFETIME_SECONDS",
    "AttachDecision",
    "AttachRole",
    "Failure",
    "Lease",
    "LeaseLostError",
    "Session",
    "SessionNotStoredError",
    "SessionState",
    "SessionStore",
    "Viewer",
    "minute_of",
    "status_without_text",
    "too_many_attaches",
    "with_failure",
]
