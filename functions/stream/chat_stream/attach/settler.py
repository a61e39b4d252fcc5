"""Settles a session whose producer died mid-answer."""

from collections.abc import Callable
from dataclasses import dataclass

from chat.sessions import Session, SessionStore
from chat.sessions.settling import settle
from chat.sharing.event_log import EventLog
from chat_stream.threads import in_thread_to_the_end


@dataclass(frozen=True, slots=True)
class SessionSettler:
    """Stores the partial answer of a dead session. Calls `on_settled` with each session it settled."""

    sessions: SessionStore
    log: EventLog | None
    on_settled: Callable[[Session], None]

    async def settle(self, session: Session, now: float) -> None:
        """Settles the session, unless another request does so first. `now` is in seconds since the epoch.

        Raises:
            StorageError: the session may or may not have been settled.
        """
        text = await self.log.text(session.session_id, epoch=session.epoch) if self.log else None
        if await in_thread_to_the_end(settle, self.sessions, session, now, logged_text=text):
            self.on_settled(session)
