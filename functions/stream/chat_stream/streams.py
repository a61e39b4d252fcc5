"""The use case: a client attaches to its session and is told everything it has not seen.

`open` refuses, or decides in one conditional write what the request is (produce, follow, replay) and returns what
writes the stream. Whatever happens after that, one terminal event ends it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aws_lambda_powertools import Logger

from chat import events
from chat.access import Access
from chat.catalog import Catalog
from chat.causes import cause_of
from chat.clock import Clock
from chat.errors import ChatError, NotFoundError, ProviderError, TooManyRequestsError
from chat.event_log import EventLog, LogControl
from chat.limits import SLOT_SECONDS, StreamSlots, take_slot
from chat.messages import Message, MessageKind, MessageStore
from chat.metrics import Metrics
from chat.metrics.facts import facts_of
from chat.sessions import Attachment, AttachRole, Failure, LeaseLostError, Session, SessionState, SessionStore
from chat.settling import is_dead, settle
from chat.users import User
from chat_stream.answers import Answers
from chat_stream.commands.command import CommandContext
from chat_stream.commands.registry import CommandRegistry
from chat_stream.context import MAX_MESSAGES, turns_for
from chat_stream.following import AbandonedError, Follower, answer_in
from chat_stream.outcome import INTERNAL, failure_of, terminal_event_id
from chat_stream.production import Production
from chat_stream.providers.port import ChatRequest, Piece
from chat_stream.settings import StreamSettings
from chat_stream.source import Source
from chat_stream.stream_record import StreamRecord, publish_settled
from chat_stream.tally import Tally
from chat_stream.threads import in_thread
from chat_stream.writer import EventWriter

OUT_OF_TIME = Failure(
    "deadline_exceeded",
    "This connection has reached its time limit; open the stream again for the rest.",
    retryable=True,
)

logger = Logger()

type Body = Callable[[EventWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Attach:
    """A request to attach. Times are the event loop's.

    At `deadline` a generation is stored as it is; at `limit`, a little later, the stream ends even if storing hangs.
    """

    session_id: str
    user_id: str
    last_event_id: int = 0
    deadline: float | None = None
    limit: float | None = None
    accepted_at: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    """When the request arrived."""


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
            _, messages = await asyncio.gather(self._take_slot(user, session, now), self._read(session))
            attachment = await self._claim(attach)
        else:
            attachment, messages = await asyncio.gather(self.attach(attach), self._read(session))
        if attachment.role is AttachRole.REPLAY and not session.state.finished:
            messages = await self._read(attachment.session)
        record.attached(attachment, attach.last_event_id)
        stream = _Stream(self, attach, user, messages, record)
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

    async def _take_slot(self, user: User, session: Session, now: float) -> None:
        if session.kind is MessageKind.CHAT:
            limit = self.catalog.limits_of(user.tier).concurrent_streams
            await in_thread(take_slot, self.slots, user.user_id, session.session_id, limit, now)

    async def _claim(self, attach: Attach) -> Attachment:
        """Attaches to a session for which a slot was taken; let go, unless a stream produces, here or elsewhere."""
        slot = attach.user_id, attach.session_id
        try:
            attachment = await self.attach(attach)
        except TooManyRequestsError:
            self.slots.leave(*slot)  # it is that of those who were let in
            raise
        except BaseException:
            await in_thread(self.slots.release, *slot)
            raise
        if attachment.role is AttachRole.FOLLOW:
            self.slots.leave(*slot)
        elif attachment.role is AttachRole.REPLAY:
            await in_thread(self.slots.release, *slot)
        return attachment

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


class _Stream:
    """One client's stream. `messages` are the conversation up to the prompt, or the answer alone."""

    def __init__(
        self, streams: ChatStreams, attach: Attach, user: User, messages: Sequence[Message], record: StreamRecord
    ) -> None:
        self._record = record
        self._streams = streams
        self._attach = attach
        self._user = user
        self._messages = messages

    def has_seen_all(self, session: Session) -> bool:
        answer = answer_in(self._messages, session)
        return self._attach.last_event_id >= terminal_event_id(session, answer.content if answer else "")

    async def write(self, attachment: Attachment, writer: EventWriter) -> None:
        """Writes the stream; whatever happens, its last event is a terminal one."""
        holding = asyncio.create_task(self._hold_slot()) if attachment.role is AttachRole.PRODUCE else None
        greeting = (
            events.OPENING if self._attach.last_event_id >= events.TYPING_ID else events.OPENING + events.typing()
        )
        await writer.write(greeting)
        try:
            async with asyncio.timeout_at(self._attach.limit):
                await self._write(attachment, writer)
        except TimeoutError:
            await writer.write(events.refusal(OUT_OF_TIME))
            self._record.publish()  # what follows may hang, too
        except ChatError as error:
            await writer.write(events.refusal(failure_of(error)))
        except Exception as error:  # noqa: BLE001  # whatever it is, it ends in an `error` event
            logger.error("stream failed", **facts_of(attachment.session), **cause_of(error))
            await writer.write(events.refusal(INTERNAL))
        finally:
            if holding is not None:
                holding.cancel()
                await in_thread(self._streams.slots.release, self._attach.user_id, self._attach.session_id)
            # Before the request is over: Lambda may freeze the process after that.
            self._record.publish()

    async def _hold_slot(self) -> None:
        streams, attach = self._streams, self._attach
        while True:
            await asyncio.sleep(SLOT_SECONDS / 3)
            await in_thread(streams.slots.renew, attach.user_id, attach.session_id, streams.clock.now())

    async def _write(self, attachment: Attachment, writer: EventWriter) -> None:
        streams = self._streams
        follower = Follower(
            writer,
            self._attach.last_event_id,
            sessions=streams.sessions,
            messages=streams.messages,
            clock=streams.clock,
            on_settled=streams.settled,
            log=streams.log,
            control=streams.control,
        )
        if attachment.role is AttachRole.REPLAY:
            await follower.replay(attachment.session, self._messages)
            return
        while True:
            try:
                if attachment.role is AttachRole.PRODUCE:
                    production = self._production(attachment, writer)
                    await production.run()
                else:
                    async with asyncio.timeout_at(self._attach.deadline):
                        await follower.follow(attachment.session, poll_seconds=streams.settings.follow_poll_seconds)
            except LeaseLostError:
                follower.seen = max(follower.seen, production.last_event_id)
                session = await follower.read(attachment.session.session_id)
                attachment = Attachment(AttachRole.FOLLOW, session)
            except AbandonedError:
                attachment = await streams.attach(self._attach, take_over=True)
            else:
                return

    def _production(self, attachment: Attachment, writer: EventWriter) -> Production:
        streams = self._streams
        measures = self._record.generation(attachment.session)
        return Production(
            attachment,
            self._source(attachment.session, measures.tally),
            writer,
            store=streams.sessions,
            clock=streams.clock,
            settings=streams.settings,
            deadline=self._attach.deadline,
            measures=measures,
            log=streams.log,
        )

    def _source(self, session: Session, tally: Tally) -> Source:
        if session.kind is MessageKind.COMMAND:
            streams = self._streams
            context = CommandContext(session, self._user, streams.catalog, streams.messages)
            return streams.commands.run(self._messages[-1].content, context)
        return self._ask(session, tally)

    @asynccontextmanager
    async def _ask(self, session: Session, tally: Tally) -> AsyncIterator[AsyncIterator[Piece]]:
        streams = self._streams
        model = streams.catalog.get(session.model_id)
        if model is None:
            raise ProviderError("This model is no longer offered.", code="provider_misconfigured", retryable=False)
        request = ChatRequest(
            model=model,
            turns=turns_for(model, self._messages, streams.settings.system_prompt),
            system=streams.settings.system_prompt or None,
            temperature=streams.settings.temperature,
        )
        async with streams.answers.source(request, session, tally) as pieces:
            yield pieces
