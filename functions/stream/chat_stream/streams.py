"""The use case: a client attaches to its session and is told everything it has not seen.

`open` refuses, or decides in one conditional write what the request is (produce, follow, replay) and returns what
writes the stream. Whatever happens after that, one terminal event ends it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chat.access import Access
from chat.catalog import Catalog
from chat.clock import Clock
from chat.errors import NotFoundError, TooManyRequestsError
from chat.event_log import EventLog, LogControl
from chat.limits import Slot, StreamSlots, take_slot
from chat.messages import Message, MessageKind, MessageStore
from chat.metrics import Metrics
from chat.sessions import Attachment, AttachRole, Session, SessionState, SessionStore
from chat.settling import is_dead, settle
from chat.users import User
from chat_stream.answers import Answers
from chat_stream.client_stream import Attach, ClientStream
from chat_stream.commands.registry import CommandRegistry
from chat_stream.context import MAX_MESSAGES
from chat_stream.settings import StreamSettings
from chat_stream.stream_record import StreamRecord, publish_settled
from chat_stream.threads import in_thread
from chat_stream.writer import EventWriter

type Body = Callable[[EventWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ChatStreams:
    """Streams of sessions."""

    sessions: SessionStore
    messages: MessageStore
    access: Access
    catalog: Catalog
    commands: CommandRegistry
    answers: Answers
    clock: Clock
    settings: StreamSettings
    new_owner: Callable[[], str]
    slots: StreamSlots
    metrics: Metrics
    log: EventLog | None = None
    control: LogControl | None = None

    async def open(self, attach: Attach) -> Body | None:
        """What writes the stream; None if the client has seen all of it.

        Raises:
            ChatError: the refusal.
        """
        record = StreamRecord(self.metrics, self.catalog, accepted_at=attach.accepted_at)
        user, session = await asyncio.gather(
            in_thread(self.access.admit, attach.user_id),
            in_thread(self.sessions.get, attach.session_id),
        )
        if session is None or session.user_id != attach.user_id:
            raise NotFoundError("There is no such session.", code="session_not_found")
        now = self.clock.now()
        dead = session.is_expired(now) and is_dead(session, now)
        if dead and await in_thread(settle, self.sessions, session, now, self.control):
            self.settled(session)
        if session.state is SessionState.PENDING:
            slot, messages = await asyncio.gather(self._take_slot(user, session, now), self._read(session))
            attachment = await self._claim(attach, slot)
        else:
            attachment, messages = await asyncio.gather(self.attach(attach), self._read(session))
        if attachment.role is AttachRole.REPLAY and not session.state.finished:
            messages = await self._read(attachment.session)
        record.attached(attachment, attach.last_event_id)
        stream = ClientStream(self, attach, user, messages, record)
        if attachment.role is AttachRole.REPLAY and stream.has_seen_all(attachment.session):
            record.publish()
            return None
        return lambda writer: stream.write(attachment, writer)

    async def attach(self, attach: Attach, *, take_over: bool = False) -> Attachment:
        """Counts the attach and decides what it is; see `SessionStore.attach`.

        A follower that takes over is let in beyond the limit: it was counted when it came.
        """
        return await in_thread(
            self.sessions.attach,
            attach.session_id,
            user_id=attach.user_id,
            owner=self.new_owner(),
            now=self.clock.now(),
            lease_seconds=self.settings.lease_seconds,
            max_attaches=self.settings.max_attaches * (2 if take_over else 1),
        )

    def settled(self, session: Session) -> None:
        """A session whose producer had died was ended by this process."""
        publish_settled(self.metrics, self.catalog, session)

    async def _take_slot(self, user: User, session: Session, now: float) -> Slot | None:
        """None: the session needs none."""
        if session.kind is not MessageKind.CHAT:
            return None
        return await in_thread(
            take_slot,
            self.slots,
            self.sessions,
            user_id=user.user_id,
            session_id=session.session_id,
            limit=self.catalog.limits_of(user.tier).concurrent_streams,
            now=now,
        )

    async def _claim(self, attach: Attach, slot: Slot | None) -> Attachment:
        """Attaches to a session for which a slot was taken; given back, unless a stream produces, here or elsewhere."""
        try:
            attachment = await self.attach(attach)
        except TooManyRequestsError:
            raise  # the slot is that of those who were let in
        except BaseException:
            await self._give_back(slot)
            raise
        if attachment.role is AttachRole.REPLAY:
            await self._give_back(slot)
        elif attachment.role is AttachRole.PRODUCE and slot is not None and not slot.fresh:
            # Whose acquire took it may give it back; a slot that was renewed stays.
            await in_thread(self.slots.renew, slot.user_id, slot.session_id, self.clock.now())
        return attachment

    async def _give_back(self, slot: Slot | None) -> None:
        if slot is not None:
            await in_thread(self.slots.give_back, slot)

    async def _read(self, session: Session) -> tuple[Message, ...]:
        """The conversation up to the prompt; of a finished session the answer is enough."""
        finished = session.state.finished
        return await in_thread(
            self.messages.latest,
            session.user_id,
            session.chat_id,
            limit=1 if finished else MAX_MESSAGES,
            up_to_message_id=session.answer_message_id if finished else session.prompt_message_id,
        )
