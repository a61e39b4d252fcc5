"""The use case: a client attaches to its session and receives every event it has not seen.

`open` refuses the request, or decides its role (produce, follow, replay) in one conditional write and returns the
coroutine function that writes the stream.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chat.auth.access import Access
from chat.clock import Clock
from chat.errors import NotFoundError
from chat.messages import Message, MessageStore
from chat.sessions import AttachRole, Session, SessionStore
from chat.sessions.settling import is_dead
from chat_stream.attach.attacher import AttachRequest, Claim, SessionAttacher
from chat_stream.attach.client_stream import ClientStream
from chat_stream.attach.session_follower import SessionFollower
from chat_stream.attach.settler import SessionSettler
from chat_stream.generation.generations import Generations
from chat_stream.outcome import terminal_event_id
from chat_stream.readers.session_reader import SessionReaders
from chat_stream.readers.stored_answer import read_answer
from chat_stream.telemetry.stream_record import StreamRecords
from chat_stream.threads import in_thread
from chat_stream.writer import EventWriter

type Body = Callable[[EventWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ChatStreams:
    """Opens streams of sessions."""

    access: Access
    sessions: SessionStore
    messages: MessageStore
    attaching: SessionAttacher
    generations: Generations
    readers: SessionReaders
    clock: Clock
    records: StreamRecords
    settler: SessionSettler

    async def open(self, attach: AttachRequest) -> Body | None:
        """Attaches the client and returns what writes its stream, or None if the client has seen every event.

        Raises:
            ChatError: the attach is refused.
        """
        record = self.records.new(accepted_at=attach.accepted_at)
        user, session = await asyncio.gather(
            in_thread(self.access.admit, attach.user_id),
            in_thread(self.sessions.get, attach.session_id),
        )
        if session is None or session.user_id != attach.user_id:
            raise NotFoundError("There is no such session.", code="session_not_found")
        now = self.clock.now()
        if session.is_expired(now) and is_dead(session, now):
            await self.settler.settle(session, now)
        claim = await self.attaching.attach(attach, user, session)
        record.attached(claim.attachment, attach.last_event_id)
        answer = None
        if claim.attachment.role is AttachRole.REPLAY:
            session = claim.attachment.session
            answer = await read_answer(self.messages, session)
            if _has_seen_all(attach, session, answer):
                record.publish()
                return None
        stream = ClientStream(
            attach,
            user,
            claim,
            answer=answer,
            attaching=self.attaching,
            generations=self.generations,
            new_follower=self._follower,
            record=record,
        )
        return stream.write

    def _follower(self, writer: EventWriter, attach: AttachRequest, claim: Claim) -> SessionFollower:
        return SessionFollower(
            writer,
            attach.last_event_id,
            viewer=claim.attachment.viewer,
            readers=self.readers,
            sessions=self.sessions,
            messages=self.messages,
            clock=self.clock,
            settler=self.settler,
        )


def _has_seen_all(attach: AttachRequest, session: Session, answer: Message | None) -> bool:
    return attach.last_event_id >= terminal_event_id(session, answer.content if answer else "")
