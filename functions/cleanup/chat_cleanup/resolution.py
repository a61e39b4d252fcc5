"""What becomes of one open session."""

from dataclasses import dataclass
from enum import Enum, auto

from chat.clock import Clock
from chat.event_log import LogControl
from chat.session_index import IndexEntry, SessionIndex
from chat.sessions import Session, SessionState, SessionStore
from chat.settling import is_dead, settle


class Fate(Enum):
    """How a session was found, or what was done to it."""

    WAITING = auto()
    """It has time left: nobody streams it yet, or nobody any more and nothing was shown."""
    STREAMING = auto()
    EXPIRED = auto()
    """Its time was over; it has been removed."""
    SETTLED = auto()
    """Its producer had died; what there was of the answer has been stored."""
    OVER = auto()
    """Somebody else ended it meanwhile."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A session's fate, and for how long it had been open although it should have been over."""

    fate: Fate
    stuck_seconds: float = 0.0


class EndSession:
    """Ends a session if its time has come. Every decision is a conditional write: two of them do it once."""

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

    def __call__(self, entry: IndexEntry) -> Ended:
        """Ends it, or finds that it is not to be ended.

        Raises:
            StorageError: the session could not be read or written.
        """
        now = self._clock.now()
        if entry.state is SessionState.PENDING:
            if now < entry.expires_at:
                return Ended(Fate.WAITING)
            if self._index.remove_expired(entry.session_id, now=now):
                return Ended(Fate.EXPIRED, now - entry.expires_at)
        session = None if entry.state.finished else self._sessions.get(entry.session_id)
        if session is None or session.state.finished:
            return Ended(Fate.OVER)
        return self._end(session, now)

    def _end(self, session: Session, now: float) -> Ended:
        if session.lease_lives(now - self._dead_lease_seconds):
            return Ended(Fate.STREAMING)
        if is_dead(session, now):
            logged_text = self._control.text(session.session_id, epoch=session.epoch)
            settled = settle(self._sessions, session, now, logged_text=logged_text)
            return Ended(Fate.SETTLED, now - session.lease_expires_at) if settled else Ended(Fate.OVER)
        if not session.is_expired(now):
            return Ended(Fate.WAITING)
        removed = self._index.remove_expired(session.session_id, now=now)
        return Ended(Fate.EXPIRED, now - session.expires_at) if removed else Ended(Fate.OVER)
