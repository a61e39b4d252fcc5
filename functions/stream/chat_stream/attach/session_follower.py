"""Follows a generation that another request produces, and replays a finished one."""

from contextlib import aclosing

from chat import events
from chat.clock import Clock
from chat.errors import NotFoundError, StorageError
from chat.messages import Message, MessageStore
from chat.sessions import Session, SessionStore, Viewer
from chat.sessions.settling import is_dead
from chat.sharing.event_log import TerminalEntry, TextEntry
from chat_stream.attach.settler import SessionSettler
from chat_stream.outcome import terminal_entry
from chat_stream.readers.session_reader import SessionReaders
from chat_stream.readers.stored_answer import read_answer
from chat_stream.threads import in_thread
from chat_stream.writer import EventWriter


class AbandonedError(Exception):
    """The producer of `session` died before any text was shown, so another request may start the generation again."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.session_id)
        self.session = session


class ReplacedError(Exception):
    """The client has opened a newer connection and no longer reads this one."""


class SessionFollower:
    """Writes the events of a session that a client has not seen. `seen` is the id of the last event it received."""

    def __init__(
        self,
        writer: EventWriter,
        seen: int,
        *,
        readers: SessionReaders,
        sessions: SessionStore,
        messages: MessageStore,
        clock: Clock,
        settler: SessionSettler,
        viewer: Viewer | None = None,
    ) -> None:
        self._writer = writer
        self.seen = seen
        self._readers = readers
        self._sessions = sessions
        self._messages = messages
        self._clock = clock
        self._settler = settler
        self.viewer = viewer

    async def follow(self, session: Session) -> None:
        """Writes events until the session is finished, and settles the session if its producer dies mid-answer.

        Raises:
            AbandonedError: the producer died before any text was shown.
            NotFoundError: the session no longer exists.
            ReplacedError: the client has opened a newer connection.
            StorageError: neither the event log nor the session record answers, or the stored answer cannot be read.
        """
        if not session.state.finished:
            async with aclosing(self._readers.read(session.session_id, seen=self.seen, session=session)) as items:
                async for item in items:
                    if isinstance(item, TextEntry):
                        self.seen = item.event_id
                        await self._writer.write(events.token(item.event_id, item.text))
                    elif isinstance(item, TerminalEntry):
                        await self._write_terminal(item)
                        return
                    else:
                        if self.viewer is not None and self.viewer.is_replaced_in(item):
                            raise ReplacedError
                        session = await self._ended_if_dead(item)
                        if session.state.finished:
                            break
        await self.replay(session, await read_answer(self._messages, session))

    async def replay(self, session: Session, answer: Message | None) -> None:
        """Writes the events of a finished session that the client has not seen, then the terminal event."""
        if answer is not None:
            for event in events.unseen(answer.content, self.seen):
                await self._writer.write(event)
        await self._write_terminal(terminal_entry(session, answer))

    async def read(self, session_id: str) -> Session:
        """Reads the session record.

        Raises:
            NotFoundError: the session no longer exists.
            StorageError: the record cannot be read.
        """
        session = await in_thread(self._sessions.get, session_id)
        if session is None:
            raise NotFoundError("The session is gone.", code="session_not_found")
        return session

    async def _ended_if_dead(self, session: Session) -> Session:
        """Settles the session if its producer died mid-answer, and returns the session as it is afterwards.

        Raises:
            AbandonedError: the producer died before any text was shown.
        """
        now = self._clock.now()
        if not is_dead(session, now):
            if not session.state.finished and not session.lease_lives(now):
                raise AbandonedError(session)
            return session
        try:
            await self._settler.settle(session, now)
            return await in_thread(self._sessions.get, session.session_id) or session
        except StorageError:
            return session  # the next read of the record tries again

    async def _write_terminal(self, entry: TerminalEntry) -> None:
        await self._writer.write(events.terminal(entry.event_id, entry.data))
