"""The use case: stop a session."""

from dataclasses import dataclass

from chat.auth.access import Access
from chat.catalog import Catalog
from chat.clock import Clock
from chat.metrics import Metrics
from chat.metrics.settled import publish_settled
from chat.sessions import SessionState, SessionStore
from chat.sessions.settling import is_dead, settle
from chat.sharing.event_log import LogControl


@dataclass(frozen=True, slots=True, kw_only=True)
class StopChat:
    """Stops sessions."""

    access: Access
    sessions: SessionStore
    control: LogControl
    clock: Clock
    catalog: Catalog
    metrics: Metrics

    def __call__(self, session_id: str, user_id: str) -> SessionState:
        """Requests a stop and returns the state of the session, `streaming` until the producer notices the request.

        Settles the session if its producer has died.

        Raises:
            ForbiddenError: `user_disabled`.
            NotFoundError: `session_not_found`: the session is unknown, or another user's.
            SessionExpiredError: the session expired before it was streamed.
        """
        self.access.admit(user_id)
        now = self.clock.now()
        session = self.sessions.request_stop(session_id, user_id=user_id, now=now)
        if is_dead(session, now):
            logged_text = self.control.text(session.session_id, epoch=session.epoch)
            if settle(self.sessions, session, now, logged_text=logged_text):
                publish_settled(self.metrics, session, self.catalog.get(session.model_id))
            session = self.sessions.get(session_id) or session
        elif not session.state.finished:
            self.control.request_stop(session_id)
        return session.state
