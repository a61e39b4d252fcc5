"""Attaches a request to a session: one conditional write decides whether it produces, follows or replays.

A request that may become the producer takes one of the user's slots before that write.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from chat.catalog import Catalog
from chat.clock import Clock
from chat.limits import Slot
from chat.limits.slots import ATTACH_SECONDS
from chat.messages import Message, MessageKind, MessageStore
from chat.sessions import AttachDecision, AttachRole, Session, SessionState, SessionStore, Viewer
from chat.users import User
from chat_stream.generation.answer_slots import AnswerSlots
from chat_stream.generation.context import MAX_MESSAGES, window_bytes
from chat_stream.settings import StreamSettings
from chat_stream.threads import in_thread

SLOT_COUNTS_SECONDS = ATTACH_SECONDS / 2
"""The age at which a slot is taken again before the attach.

Other requests may drop the slot of a session that has no producer `ATTACH_SECONDS` after the slot was taken.
"""


@dataclass(frozen=True, slots=True)
class AttachRequest:
    """A client's request to attach to a session. Times are in event loop time.

    At `soft_deadline` a generation stops and its partial answer is stored. At `hard_deadline`, a little later, the
    stream ends even if the store call hangs.
    """

    session_id: str
    user_id: str
    last_event_id: int = 0
    soft_deadline: float | None = None
    hard_deadline: float | None = None
    accepted_at: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    """When the request arrived."""
    viewer: Viewer | None = None
    stopping: asyncio.Event | None = None
    """Set when the process must shut down."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The result of an attach: the role, and the conversation up to the prompt if this request may produce."""

    attachment: AttachDecision
    conversation: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionAttacher:
    """Attaches requests to sessions."""

    sessions: SessionStore
    messages: MessageStore
    slots: AnswerSlots
    catalog: Catalog
    clock: Clock
    settings: StreamSettings
    new_owner: Callable[[], str]

    async def attach(self, attach: AttachRequest, user: User, session: Session) -> Claim:
        """Attaches to `session`, as the caller last read it.

        Raises:
            ChatError: the attach is refused; its slot, if it took one, has been given back.
        """
        if self._may_be_produced(session):
            return await self._produce(attach, user, session, self.settings.attaches_per_minute)
        return Claim(await self._attach(attach, self.settings.attaches_per_minute, may_produce=False))

    async def take_over(self, attach: AttachRequest, user: User, session: Session) -> Claim:
        """Attaches a follower again, as the producer if it can: its producer died before any text was shown.

        Twice the attaches per minute are allowed, because the follower's first attach was already counted.

        Raises:
            ChatError: as for `attach`.
        """
        return await self._produce(attach, user, session, 2 * self.settings.attaches_per_minute)

    def _may_be_produced(self, session: Session) -> bool:
        now = self.clock.now()
        if session.state is SessionState.PENDING:
            return not session.is_expired(now)
        abandoned = session.state is SessionState.STREAMING and not session.lease_lives(now)
        return abandoned and not session.text_emitted

    async def _produce(self, attach: AttachRequest, user: User, session: Session, max_attaches: int) -> Claim:
        taken_at = self.clock.now()
        slot, conversation = await self._slot_and_conversation(user, session)
        try:
            if self.clock.now() - taken_at > SLOT_COUNTS_SECONDS:
                slot = await in_thread(self.slots.take, user, session)
            attachment = await self._attach(attach, max_attaches, may_produce=True)
        except BaseException:
            await self._give_back(slot)
            raise
        if attachment.role is AttachRole.REPLAY:
            await self._give_back(slot)
        return Claim(attachment, conversation)

    async def _slot_and_conversation(self, user: User, session: Session) -> tuple[Slot | None, tuple[Message, ...]]:
        slot, conversation = await asyncio.gather(
            in_thread(self.slots.take, user, session), self._read(session), return_exceptions=True
        )
        if isinstance(slot, BaseException):
            raise slot
        if isinstance(conversation, BaseException):
            await self._give_back(slot)
            raise conversation
        return slot, conversation

    async def _give_back(self, slot: Slot | None) -> None:
        await in_thread(self.slots.give_back, slot)

    async def _read(self, session: Session) -> tuple[Message, ...]:
        """Reads the conversation up to the prompt, as far as it fits the model's context window.

        For a slash command it reads only the prompt.
        """
        model = self.catalog.get(session.model_id)
        return await in_thread(
            self.messages.latest,
            session.user_id,
            session.chat_id,
            limit=MAX_MESSAGES if session.kind is MessageKind.CHAT else 1,
            up_to_message_id=session.prompt_message_id,
            max_bytes=None if model is None else window_bytes(model, self.settings.system_prompt),
        )

    async def _attach(self, attach: AttachRequest, max_attaches: int, *, may_produce: bool) -> AttachDecision:
        return await in_thread(
            self.sessions.attach,
            attach.session_id,
            user_id=attach.user_id,
            owner=self.new_owner(),
            now=self.clock.now(),
            lease_seconds=self.settings.lease_seconds,
            max_attaches=max_attaches,
            may_produce=may_produce,
            viewer=attach.viewer,
        )
