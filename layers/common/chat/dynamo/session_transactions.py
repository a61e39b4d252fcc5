"""The two writes of a session that span tables: its start, with the prompt, and its end, with the answer."""

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chat.dynamo.calls import ConditionFailedError, Transaction
from chat.dynamo.items import ChatItem, MessageItem, SessionItem, UserItem
from chat.dynamo.mapping import failure_value, message_item, session_item, ttl
from chat.dynamo.parts import MessageParts, SessionParts
from chat.dynamo.tables import Tables
from chat.errors import StorageError
from chat.messages import Message
from chat.session_index import bucket_of
from chat.sessions import Failure, Session, SessionState


class SessionTransactions:
    """Raises PynamoDB's errors as they are."""

    def __init__(self, tables: Tables, session_parts: SessionParts) -> None:
        self._tables = tables
        self._session_parts = session_parts
        self._message_parts = MessageParts(tables)

    def start(self, session: Session, prompt: Message) -> None:
        """Stores session and prompt, and the chat's place in the user's list.

        Raises:
            StorageError: one of them is there already.
        """
        partial = self._session_parts.store(session.session_id, session.partial, ttl(session))
        packed = self._message_parts.store(prompt)
        item = session_item(self._tables.sessions, session, partial if session.partial else None)
        try:
            self._start(item, message_item(self._tables.messages, prompt, packed))
        except ConditionFailedError as failed:
            self._message_parts.remove(prompt, packed)
            raise StorageError("The session or its prompt is there already.") from failed

    def _start(self, session: SessionItem, prompt: MessageItem) -> None:
        try:
            self._commit_start(session, prompt, newest=True)
        except ConditionFailedError as failed:
            if failed.items.keys() != {"chat"}:
                raise
            # A later prompt of this chat was faster: the chat's place is its.
            self._commit_start(session, prompt, newest=False)

    def _commit_start(self, session: SessionItem, prompt: MessageItem, *, newest: bool) -> None:
        transaction = Transaction(self._tables.connection)
        transaction.put("session", session, SessionItem.session_id.does_not_exist())
        transaction.put("prompt", prompt, MessageItem.pk.does_not_exist())
        if newest:
            transaction.update(
                "chat",
                self._tables.chats(session.user_id, session.chat_id),
                [
                    ChatItem.activity_user.set(session.user_id),
                    ChatItem.activity_at.set(prompt.sk),
                    ChatItem.created_at.set(ChatItem.created_at | prompt.created_at),
                ],
                ChatItem.activity_at.does_not_exist() | (ChatItem.activity_at < prompt.sk),
            )
        transaction.commit()

    def end(
        self,
        session: Session,
        condition: Condition,
        state: SessionState,
        answer: Message | None,
        failure: Failure | None,
    ) -> bool:
        """Stores state, answer and counters, if `condition` holds of the session; returns whether it did."""
        transaction = Transaction(self._tables.connection)
        item = self._tables.sessions(session.session_id)
        actions: list[Action] = [
            SessionItem.state.set(state),
            SessionItem.bucket.set(bucket_of(session.session_id, state).name),
            _failure_action(failure),
        ]
        if answer is None:
            transaction.update("session", item, actions, condition)
            return _committed(transaction)
        actions += [SessionItem.partial.remove(), SessionItem.answered_at.set(answer.created_at)]
        transaction.update("session", item, actions, condition)
        if answer.usage is not None and not answer.cached:
            counters = [
                UserItem.input_tokens.add(answer.usage.input_tokens),
                UserItem.output_tokens.add(answer.usage.output_tokens),
            ]
            transaction.update("user", self._tables.users(answer.user_id), counters)
        packed = self._message_parts.store(answer)
        stored = message_item(self._tables.messages, answer, packed)
        transaction.put("answer", stored, MessageItem.pk.does_not_exist())
        ended = _committed(transaction)
        if not ended:
            self._message_parts.remove(answer, packed)
        return ended


def _failure_action(failure: Failure | None) -> Action:
    value = failure_value(failure)
    return SessionItem.failure.remove() if value is None else SessionItem.failure.set(value)


def _committed(transaction: Transaction) -> bool:
    try:
        transaction.commit()
    except ConditionFailedError:
        return False
    return True
