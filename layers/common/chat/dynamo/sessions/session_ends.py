"""The write that ends a session: its state, its answer or its prompt's status, and the user's token counters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chat.dynamo.calls import ConditionFailedError, Item, Transaction
from chat.dynamo.items import MessageItem, SessionItem, UserItem
from chat.dynamo.keys import chat_key
from chat.dynamo.mapping import failure_value, message_item, to_message
from chat.dynamo.messages.parts import MessageParts
from chat.dynamo.tables import Tables
from chat.ids import new_id
from chat.messages import Message
from chat.sessions import Failure, Session, SessionState, status_without_text, with_failure


@dataclass(frozen=True, slots=True)
class End:
    """How a session ends."""

    state: SessionState
    answer: Message | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class _Write:
    session: Session
    condition: Condition
    actions: Sequence[Action]
    end: End
    answer: MessageItem | None


class SessionEnds:
    """Errors of PynamoDB propagate."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._parts = MessageParts(tables)

    def end(
        self,
        session: Session,
        condition: Condition,
        end: End,
        *,
        repeatable: bool = False,
        actions: Sequence[Action] = (),
    ) -> bool:
        """Stores `end` and applies `actions` to the session if it satisfies `condition`.

        Returns whether this end is stored now, which includes an earlier attempt of this call whose reply was lost.
        With `repeatable`, an earlier call may have done so: an end that is stored and equal to this one counts as this
        one.
        """
        claim = new_id()
        answer = None
        if end.answer is not None:
            packed = self._parts.store(end.answer)
            answer = message_item(self._tables.messages, with_failure(end.answer, end.failure), packed)
        try:
            self._store(_Write(session, condition, [*actions, SessionItem.claim.set(claim)], end, answer))
        except ConditionFailedError as failed:
            stored = _stored_session(failed.items.get("session"))
            if stored is not None and stored.claim == claim:
                return True
            if end.answer is not None:
                self._parts.remove(end.answer, packed)
            same = stored is not None and _has_ended_so(stored, session.epoch, end)
            return repeatable and same and _is_stored(answer, failed.items.get("answer"))
        return True

    def _store(self, write: _Write) -> None:
        try:
            self._commit(write, mark_prompt=write.answer is None)
        except ConditionFailedError as failed:
            if failed.items.keys() != {"prompt"}:
                raise
            # The prompt has a newer session, which decides its status.
            self._commit(write, mark_prompt=False)

    def _commit(self, write: _Write, *, mark_prompt: bool) -> None:
        session, end = write.session, write.end
        transaction = Transaction(self._tables.connection)
        actions: list[Action] = [
            *write.actions,
            SessionItem.state.set(end.state),
            SessionItem.bucket.remove(),
            _set_or_remove(SessionItem.failure, failure_value(end.failure)),
        ]
        if write.answer is not None:
            actions += [SessionItem.partial.remove(), SessionItem.answered_at.set(write.answer.created_at)]
            transaction.put("answer", write.answer, MessageItem.pk.does_not_exist())
        transaction.update("session", self._tables.sessions(session.session_id), actions, write.condition)
        if mark_prompt:
            prompt = self._tables.messages(chat_key(session.user_id, session.chat_id), session.prompt_message_id)
            transaction.update("prompt", prompt, _mark(end), MessageItem.session_id == session.session_id)
        if end.answer is not None and end.answer.usage is not None and not end.answer.cached:
            counters = [
                UserItem.input_tokens.add(end.answer.usage.input_tokens),
                UserItem.output_tokens.add(end.answer.usage.output_tokens),
            ]
            transaction.update("user", self._tables.users(session.user_id), counters)
        transaction.commit()


def _mark(end: End) -> list[Action]:
    failure = end.failure
    return [
        MessageItem.prompt_status.set(status_without_text(end.state)),
        _set_or_remove(MessageItem.code, failure.code if failure else None),
        _set_or_remove(MessageItem.retryable, failure.retryable if failure else None),
    ]


def _set_or_remove(attribute: Attribute[Any], value: object) -> Action:
    return attribute.remove() if value is None else attribute.set(value)


def _stored_session(item: Item | None) -> SessionItem | None:
    return None if item is None else SessionItem.from_raw_data(item)


def _has_ended_so(stored: SessionItem, epoch: int, end: End) -> bool:
    facts = (stored.epoch, stored.state, stored.failure, stored.answered_at is not None)
    return facts == (epoch, end.state, failure_value(end.failure), end.answer is not None)


def _is_stored(answer: MessageItem | None, item: Item | None) -> bool:
    """Whether `item`, which failed the answer's condition, is that answer; long texts have new keys in each write."""
    if answer is None or item is None:
        return answer is None and item is None
    stored = MessageItem.from_raw_data(item)
    same_text = replace(stored.content, part_key=answer.content.part_key) == answer.content
    return same_text and to_message(stored, "", "", "") == to_message(answer, "", "", "")
