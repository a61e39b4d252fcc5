"""Follows a generation that another request produces, and replays one that is over.

What is stored is what a follower sees: the checkpoints while it goes on, then the answer.
"""

import asyncio
from collections.abc import Sequence

from chat import events
from chat.clock import Clock
from chat.errors import NotFoundError
from chat.messages import Message, MessageStore
from chat.sessions import Session, SessionStore
from chat.settling import is_dead, settle
from chat_stream.outcome import terminal_event
from chat_stream.threads import in_thread
from chat_stream.writer import EventWriter


class AbandonedError(Exception):
    """The producer died before it showed anything: the generation may be made anew."""


class Follower:
    """Reads a session until it is over. `seen` is the last event id that the client has."""

    def __init__(
        self, writer: EventWriter, seen: int, *, sessions: SessionStore, messages: MessageStore, clock: Clock
    ) -> None:
        self._writer = writer
        self.seen = seen
        self._sessions = sessions
        self._messages = messages
        self._clock = clock

    async def follow(self, session: Session, *, poll_seconds: float) -> None:
        """Until the session is finished; settles it if its producer died in mid-answer.

        Raises:
            AbandonedError: its producer died before it showed anything.
            StorageError: what is stored cannot be read.
        """
        while not session.state.finished:
            await self._show(session.partial)
            now = self._clock.now()
            if is_dead(session, now):
                await in_thread(settle, self._sessions, session, now)
            elif not session.lease_lives(now):
                raise AbandonedError
            else:
                await asyncio.sleep(poll_seconds)
            session = await self.read(session.session_id)
        found = await in_thread(
            self._messages.latest,
            session.user_id,
            session.chat_id,
            limit=1,
            up_to_message_id=session.answer_message_id,
        )
        await self.replay(session, found)

    async def replay(self, session: Session, messages: Sequence[Message]) -> None:
        """What the client lacks of a finished session; its answer, if it has one, is among `messages`."""
        answer = answer_in(messages, session)
        if answer is not None:
            await self._show(answer.content)
        await self._writer.write(terminal_event(session, answer))

    async def _show(self, text: str) -> None:
        for event in events.unseen(text, self.seen):
            await self._writer.write(event)
        self.seen = max(self.seen, events.TYPING_ID + len(text)) if text else self.seen

    async def read(self, session_id: str) -> Session:
        """The session as it is now."""
        session = await in_thread(self._sessions.get, session_id)
        if session is None:
            raise NotFoundError("The session is gone.", code="session_not_found")
        return session


def answer_in(messages: Sequence[Message], session: Session) -> Message | None:
    """A finished session's answer among messages; None if nothing was written."""
    return next((message for message in messages if message.message_id == session.answer_message_id), None)
