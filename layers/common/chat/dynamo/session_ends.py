"""The write that ends a session: its state, its answer, and the user's counters of tokens."""

from dataclasses import dataclass, replace

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chat.dynamo.calls import ConditionFailedError, Item, Transaction
from chat.dynamo.items import MessageItem, SessionItem, UserItem
from chat.dynamo.mapping import failure_value, message_item, to_message
from chat.dynamo.parts import MessageParts
from chat.dynamo.tables import Tables
from chat.ids import new_id
from chat.messages import Message
from chat.session_index import bucket_of
from chat.sessions import Failure, Session, SessionState


@dataclass(frozen=True, slots=True)
class End:
    """How a session ends."""

    state: SessionState
    answer: Message | None
    failure: Failure | None


class SessionEnds:
    """Raises PynamoDB's errors as they are."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._parts = MessageParts(tables)

    def end(self, session: Session, condition: Condition, end: End, *, repeatable: bool) -> bool:
        """Stores `end`, if `condition` holds of the session; returns whether this end is what is stored now.

        It also is if an earlier attempt of this call stored it and its answer got lost. With `repeatable`, an earlier
        call may have done so: an end that is stored and equal to this one counts as this one.
        """
        claim = new_id()
        answer = None
        if end.answer is not None:
            packed = self._parts.store(end.answer)
            answer = message_item(self._tables.messages, end.answer, packed)
        try:
            self._commit(session, condition, end, answer, claim)
        except ConditionFailedError as failed:
            stored = _stored_session(failed.items.get("session"))
            if stored is not None and stored.claim == claim:
                return True
            if end.answer is not None:
                self._parts.remove(end.answer, packed)
            same = stored is not None and _has_ended_so(stored, session.epoch, end)
            return repeatable and same and _is_stored(answer, failed.items.get("answer"))
        return True

    def _commit(self, session: Session, condition: Condition, end: End, answer: MessageItem | None, claim: str) -> None:
        transaction = Transaction(self._tables.connection)
        actions: list[Action] = [
            SessionItem.state.set(end.state),
            SessionItem.bucket.set(bucket_of(session.session_id, end.state).name),
            SessionItem.claim.set(claim),
            _failure_action(end.failure),
        ]
        if answer is not None:
            actions += [SessionItem.partial.remove(), SessionItem.answered_at.set(answer.created_at)]
            transaction.put("answer", answer, MessageItem.pk.does_not_exist())
        transaction.update("session", self._tables.sessions(session.session_id), actions, condition)
        if end.answer is not None and end.answer.usage is not None and not end.answer.cached:
            counters = [
                UserItem.input_tokens.add(end.answer.usage.input_tokens),
                UserItem.output_tokens.add(end.answer.usage.output_tokens),
            ]
            transaction.update("user", self._tables.users(session.user_id), counters)
        transaction.commit()


def _failure_action(failure: Failure | None) -> Action:
    value = failure_value(failure)
    return SessionItem.failure.remove() if value is None else SessionItem.failure.set(value)


def _stored_session(item: Item | None) -> SessionItem | None:
    return None if item is None else SessionItem.from_raw_data(item)


def _has_ended_so(stored: SessionItem, epoch: int, end: End) -> bool:
    facts = (stored.epoch, stored.state, stored.failure, stored.answered_at is not None)
    return facts == (epoch, end.state, failure_value(end.failure), end.answer is not None)


def _is_stored(answer: MessageItem | None, item: Item | None) -> bool:
    """Whether `item`, which was in the way of the answer, is that answer; long texts have other keys each time."""
    if answer is None or item is None:
        return answer is None and item is None
    stored = MessageItem.from_raw_data(item)
    same_text = replace(stored.content, part_key=answer.content.part_key) == answer.content
    return same_text and to_message(stored, "", "", "") == to_message(answer, "", "", "")
