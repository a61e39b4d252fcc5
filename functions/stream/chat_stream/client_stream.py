"""One client's stream: what it has not seen, produced, followed or replayed, and one terminal event at its end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from chat import events
from chat.causes import cause_of
from chat.errors import ChatError, ProviderError
from chat.limits import SLOT_SECONDS
from chat.messages import Message, MessageKind
from chat.metrics.facts import facts_of
from chat.sessions import Attachment, AttachRole, Failure, LeaseLostError, Session
from chat.users import User
from chat_stream.commands.command import CommandContext
from chat_stream.context import turns_for
from chat_stream.following import AbandonedError, Follower, answer_in
from chat_stream.outcome import INTERNAL, failure_of, terminal_event_id
from chat_stream.production import Production
from chat_stream.providers.port import ChatRequest, Piece
from chat_stream.source import Source
from chat_stream.stream_record import StreamRecord
from chat_stream.tally import Tally
from chat_stream.threads import in_thread
from chat_stream.writer import EventWriter

if TYPE_CHECKING:
    from chat_stream.streams import ChatStreams

OUT_OF_TIME = Failure(
    "deadline_exceeded",
    "This connection has reached its time limit; open the stream again for the rest.",
    retryable=True,
)

logger = Logger()


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


class ClientStream:
    """One client's stream. `messages` are the conversation up to the prompt, or the answer alone."""

    def __init__(
        self, streams: "ChatStreams", attach: Attach, user: User, messages: Sequence[Message], record: StreamRecord
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
        holds = attachment.role is AttachRole.PRODUCE and attachment.session.kind is MessageKind.CHAT
        holding = asyncio.create_task(self._hold_slot()) if holds else None
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
