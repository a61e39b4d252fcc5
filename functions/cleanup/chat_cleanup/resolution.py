"""Decides whether an open session must end, and ends it."""

from dataclasses import dataclass
from enum import Enum, auto

from chat.clock import Clock
from chat.sessions import Session, SessionState, SessionStore
from chat.sessions.index import IndexEntry, SessionIndex
from chat.sessions.settling import is_dead, settle
from chat.sharing.event_log import LogControl


class Resolution(Enum):
    """The state of a session, or what the cleanup did with it."""

    WAITING = auto()
    """It has no producer, no text was shown, and it has not expired."""
    STREAMING = auto()
    """It has a producer, or its lease lapsed less than `cleanup_dead_lease_seconds` ago."""
    EXPIRED = auto()
    """It had expired before any text was shown, and has been removed."""
    SETTLED = auto()
    """Its producer had died; the partial answer has been stored."""
    OVER = auto()
    """It had already ended, or another request has changed or ended it since it was read."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The resolution of a session, and how many seconds overdue its end was."""

    resolution: Resolution
    stuck_seconds: float = 0.0


class EndSession:
    """Ends a session if it is due. Every decision is one conditional write, so concurrent runs end it only once."""

    def __init__(
        self,
        *,
        index: SessionIndex,
        sessions: SessionStore,
        control: LogControl,
        clock: Clock,
        dead_lease_seconds: float,
    ) -> None:
        self._index = index
        self._sessions = sessions
        self._control = control
        self._clock = clock
        self._dead_lease_seconds = dead_lease_seconds

    def __call__(self, entry: IndexEntry) -> Resolved:
        """Ends the session, or finds that it must not end yet.

        Raises:
            StorageError: the session could not be read or written.
        """
        now = self._clock.now()
        if entry.state is SessionState.PENDING:
            if now < entry.expires_at:
                return Resolved(Resolution.WAITING)
            if self._index.remove_expired(entry.session_id, now=now):
                return Resolved(Resolution.EXPIRED, now - entry.expires_at)
        session = None if entry.state.finished else self._sessions.get(entry.session_id)
        if session is None or session.state.finished:
            return Resolved(Resolution.OVER)
        return self._end(session, now)

    def _end(self, session: Session, now: float) -> Resolved:
        if session.lease_lives(now - self._dead_lease_seconds):
            return Resolved(Resolution.STREAMING)
        if is_dead(session, now):
            logged_text = self._control.text(session.session_id, epoch=session.epoch)
            settled = settle(self._sessions, session, now, logged_text=logged_text)
            return (
                Resolved(Resolution.SETTLED, now - session.lease_expires_at) if settled else Resolved(Resolution.OVER)
            )
        if not session.is_expired(now):
            return Resolved(Resolution.WAITING)
        removed = self._index.remove_expired(session.session_id, now=now)
        return Resolved(Resolution.EXPIRED, now - session.expires_at) if removed else Resolved(Resolution.OVER)
