"""Follows a generation that another request produces, and replays one that is over.

With the event log a follower sees every piece as it is written. Without it, or when it fails, what is stored is what a
follower sees: the checkpoints while it goes on, then the answer.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from chat import events
from chat.clock import Clock
from chat.errors import NotFoundError
from chat.event_log import EventLog, LogControl, LogEntry, LogUnavailableError, TerminalEntry
from chat.messages import Message, MessageStore
from chat.sessions import Session, SessionStore
from chat.settling import is_dead, settle
from chat_stream.outcome import terminal_entry
from chat_stream.threads import in_thread
from chat_stream.writer import EventWriter


class AbandonedError(Exception):
    """The producer died before it showed anything: the generation may be made anew."""


class Follower:
    """Reads a session until it is over. `seen` is the last event id that the client has."""

    def __init__(
        self,
        writer: EventWriter,
        seen: int,
        *,
        sessions: SessionStore,
        messages: MessageStore,
        clock: Clock,
        on_settled: Callable[[Session], None],
        log: EventLog | None = None,
        control: LogControl | None = None,
    ) -> None:
        """`on_settled` is told of a session that this follower ended."""
        self._writer = writer
        self.seen = seen
        self._sessions = sessions
        self._messages = messages
        self._clock = clock
        self._on_settled = on_settled
        self._log = log
        self._control = control

    async def follow(self, session: Session, *, poll_seconds: float) -> None:
        """Until the session is finished; settles it if its producer died in mid-answer.

        Raises:
            AbandonedError: its producer died before it showed anything.
            StorageError: what is stored cannot be read.
        """
        if self._log is not None and not session.state.finished and await self._follow_log(self._log, session):
            return
        while not session.state.finished:
            session = await self._look(session)
            if not session.state.finished:
                await asyncio.sleep(poll_seconds)
                session = await self.read(session.session_id)
        await self._replay_stored(session)

    async def replay(self, session: Session, messages: Sequence[Message]) -> None:
        """What the client lacks of a finished session; its answer, if it has one, is among `messages`."""
        answer = answer_in(messages, session)
        if answer is not None:
            await self._show(answer.content)
        await self._write_terminal(terminal_entry(session, answer))

    async def read(self, session_id: str) -> Session:
        """The session as it is now."""
        session = await in_thread(self._sessions.get, session_id)
        if session is None:
            raise NotFoundError("The session is gone.", code="session_not_found")
        return session

    async def _follow_log(self, log: EventLog, session: Session) -> bool:
        """Whether the log told the end; else the session's record has to."""
        try:
            async with log.follow(session.session_id, seen=self.seen) as entries:
                return await self._read_log(entries, session)
        except LogUnavailableError:
            return False

    async def _read_log(self, entries: AsyncIterator[LogEntry | None], session: Session) -> bool:
        async for entry in entries:
            if isinstance(entry, TerminalEntry):
                await self._write_terminal(entry)
                return True
            if entry is None:
                session = await self._look(await self.read(session.session_id))
                if session.state.finished:
                    return False
                continue
            text = events.unseen_of(entry.text, entry.event_id, self.seen)
            if text is None:
                return False  # the log lacks something
            if text:
                self.seen = entry.event_id
                await self._writer.write(events.token(entry.event_id, text))
        return False

    async def _look(self, session: Session) -> Session:
        """Shows what the record has, and sees to it that a session whose producer died is ended."""
        await self._show(session.partial)
        now = self._clock.now()
        if is_dead(session, now):
            if await in_thread(settle, self._sessions, session, now, self._control):
                self._on_settled(session)
            return await self.read(session.session_id)
        if not session.state.finished and not session.lease_lives(now):
            raise AbandonedError
        return session

    async def _replay_stored(self, session: Session) -> None:
        found = await in_thread(
            self._messages.latest,
            session.user_id,
            session.chat_id,
            limit=1,
            up_to_message_id=session.answer_message_id,
        )
        await self.replay(session, found)

    async def _show(self, text: str) -> None:
        for event in events.unseen(text, self.seen):
            await self._writer.write(event)
        self.seen = max(self.seen, events.TYPING_ID + len(text)) if text else self.seen

    async def _write_terminal(self, entry: TerminalEntry) -> None:
        await self._writer.write(events.terminal(entry.event_id, entry.data))


def answer_in(messages: Sequence[Message], session: Session) -> Message | None:
    """A finished session's answer among messages; None if nothing was written."""
    return next((message for message in messages if message.message_id == session.answer_message_id), None)
