"""Concurrency slots for answers in flight, limited by the user's tier. A slash command needs no slot."""

from dataclasses import dataclass

from chat.catalog import Catalog
from chat.clock import Clock
from chat.limits import Slot, StreamSlots, take_slot
from chat.messages import MessageKind
from chat.sessions import Session, SessionStore
from chat.users import User


@dataclass(frozen=True, slots=True)
class AnswerSlots:
    """Takes and frees the slot of a session. All calls block."""

    slots: StreamSlots
    sessions: SessionStore
    catalog: Catalog
    clock: Clock

    def take(self, user: User, session: Session) -> Slot | None:
        """Takes a slot for the session. Returns None if the session needs none.

        Raises:
            TooManyRequestsError: `too_many_streams`, with `retryAfterSeconds`.
            StorageError: the slot may or may not have been taken.
        """
        if session.kind is not MessageKind.CHAT:
            return None
        return take_slot(
            self.slots,
            self.sessions,
            user_id=user.user_id,
            session_id=session.session_id,
            limit=self.catalog.limits_of(user.tier).concurrent_streams,
            now=self.clock.now(),
        )

    def give_back(self, slot: Slot | None) -> None:
        """Undoes a `take`. Never raises."""
        if slot is not None:
            self.slots.give_back(slot)

    def renew(self, session: Session) -> None:
        """Renews the slot while the answer is being produced. Never raises."""
        if session.kind is MessageKind.CHAT:
            self.slots.renew(session.user_id, session.session_id, self.clock.now())

    def release(self, session: Session) -> None:
        """Frees the slot. Never raises."""
        if session.kind is MessageKind.CHAT:
            self.slots.release(session.user_id, session.session_id)
