"""Runs a session's generation: picks the source of the answer and holds the user's slot while it runs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from chat.catalog import Catalog
from chat.clock import Clock
from chat.errors import ProviderError
from chat.limits import SLOT_SECONDS
from chat.messages import Message, MessageKind, MessageStore
from chat.sessions import AttachDecision, LeaseLostError, Session, SessionStore
from chat.sharing.event_log import EventLog
from chat.users import User
from chat_stream.answers.answers import Answers
from chat_stream.commands.command import CommandContext
from chat_stream.commands.registry import CommandRegistry
from chat_stream.generation.answer_slots import AnswerSlots
from chat_stream.generation.context import turns_for
from chat_stream.generation.piece_stream import PieceStream
from chat_stream.generation.production import Production
from chat_stream.held_lease import HeldLease
from chat_stream.providers.port import ChatRequest, Piece
from chat_stream.settings import StreamSettings
from chat_stream.telemetry.answer_trace import AnswerTrace
from chat_stream.telemetry.generation_metrics import GenerationMetrics
from chat_stream.threads import in_thread, in_thread_to_the_end
from chat_stream.writer import EventWriter

RELEASE_SECONDS = 0.5
"""How long the end of a stream waits for the last renewal of the slot to return, and for its release."""


class TakenOverError(Exception):
    """Another producer has taken over, or the session has been settled.

    `last_event_id` is the id of the last event sent to the client.
    """

    def __init__(self, last_event_id: int) -> None:
        super().__init__(last_event_id)
        self.last_event_id = last_event_id


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """A generation for this process to run."""

    decision: AttachDecision
    """The attach that made this request the producer."""
    conversation: Sequence[Message]
    """Oldest message first; the last one is the prompt."""
    user: User
    soft_deadline: float | None = None
    """When the generation stops and its partial answer is stored, in event loop time."""
    stopping: asyncio.Event | None = None
    """Set when the process must shut down."""


@dataclass(frozen=True, slots=True)
class Generations:
    """Runs generations."""

    sessions: SessionStore
    messages: MessageStore
    slots: AnswerSlots
    catalog: Catalog
    commands: CommandRegistry
    answers: Answers
    clock: Clock
    settings: StreamSettings
    log: EventLog | None = None

    async def run(self, request: GenerationRequest, writer: EventWriter, metrics: GenerationMetrics) -> None:
        """Produces the session's answer while holding its slot.

        Raises:
            TakenOverError: the lease was lost; no answer was stored.
        """
        session, user = request.decision.session, request.user
        lease = HeldLease(session, self.clock)
        production = Production(
            request.decision,
            self._source(session, request.conversation, user, lease, metrics.trace),
            writer,
            held_lease=lease,
            regain_slot=partial(self._regain_slot, session, user),
            store=self.sessions,
            clock=self.clock,
            settings=self.settings,
            soft_deadline=request.soft_deadline,
            metrics=metrics,
            log=self.log,
            stopping=request.stopping,
        )
        holding = asyncio.create_task(self._hold_slot(session, lease))
        try:
            await production.run()
        except LeaseLostError as lost:
            await _ended(holding)  # the slot is the session's: the new producer holds it now
            raise TakenOverError(production.last_event_id) from lost
        except BaseException:
            await self._release(session, lease, holding)
            raise
        await self._release(session, lease, holding)

    async def _regain_slot(self, session: Session, user: User) -> None:
        """Takes the slot again after the lease lapsed. Raises TooManyRequestsError if no slot is free."""
        # Run to the end even if cancelled: no slot may be taken after the generation has released its own.
        await in_thread_to_the_end(self.slots.take, user, session)

    async def _release(self, session: Session, lease: HeldLease, holding: "asyncio.Task[None]") -> None:
        """Frees the slot, within `RELEASE_SECONDS`, because the end of the stream waits for this.

        Keeps the slot if the lease has lapsed: a new producer of the session may hold it.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(RELEASE_SECONDS):
                await _ended(holding)
                if not lease.has_lapsed:
                    await in_thread(self.slots.release, session)

    async def _hold_slot(self, session: Session, lease: HeldLease) -> None:
        """Renews the slot until cancelled.

        Skips the renewal while the lease has lapsed: another request may have ended the session and freed the slot.
        """
        while True:
            await asyncio.sleep(SLOT_SECONDS / 3)
            if not lease.has_lapsed:
                await in_thread_to_the_end(self.slots.renew, session)

    def _source(
        self, session: Session, conversation: Sequence[Message], user: User, lease: HeldLease, trace: AnswerTrace
    ) -> PieceStream:
        if session.kind is MessageKind.COMMAND:
            context = CommandContext(session, user, self.catalog, self.messages)
            return self.commands.run(conversation[-1].content, context)
        return self._ask(session, conversation, lease, trace)

    @asynccontextmanager
    async def _ask(
        self, session: Session, conversation: Sequence[Message], lease: HeldLease, trace: AnswerTrace
    ) -> AsyncIterator[AsyncIterator[Piece]]:
        model = self.catalog.get(session.model_id)
        if model is None:
            raise ProviderError("This model is no longer offered.", code="provider_misconfigured", retryable=False)
        request = ChatRequest(
            model=model,
            turns=turns_for(model, conversation, self.settings.system_prompt),
            system=self.settings.system_prompt or None,
            temperature=self.settings.temperature,
        )
        async with self.answers.source(request, session, lease, trace) as pieces:
            yield pieces


async def _ended(task: "asyncio.Task[None]") -> None:
    """Cancels the task and waits at most `RELEASE_SECONDS` for it to end: a call in a thread may hang."""
    task.cancel()
    await asyncio.wait({task}, timeout=RELEASE_SECONDS)
