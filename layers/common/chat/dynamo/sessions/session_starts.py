"""The writes that start a session: with a new prompt, which moves its chat to the top, or for an existing prompt."""

from collections.abc import Iterator
from contextlib import contextmanager

from chat.dynamo.calls import FAILURES, ConditionFailedError, Item, Transaction
from chat.dynamo.items import ChatItem, MessageItem, SessionItem
from chat.dynamo.keys import chat_key
from chat.dynamo.mapping import message_item, session_item, ttl
from chat.dynamo.messages.parts import MessageParts, SessionParts
from chat.dynamo.packing import PackedText
from chat.dynamo.tables import Tables
from chat.messages import Message, MessageStatus
from chat.sessions import Session, SessionNotStoredError


class SessionStarts:
    """Errors of PynamoDB propagate."""

    def __init__(self, tables: Tables, session_parts: SessionParts) -> None:
        self._tables = tables
        self._session_parts = session_parts
        self._message_parts = MessageParts(tables)

    def start(self, session: Session, prompt: Message) -> None:
        """Stores session and prompt, and the chat's position in the user's list.

        Raises:
            SessionNotStoredError: also if another session or message has one of the ids.
        """
        with _nothing_stored():
            partial = self._session_parts.store(session.session_id, session.partial, ttl(session))
            packed = self._message_parts.store(prompt)
        item = session_item(self._tables.sessions, session, partial if session.partial else None)
        try:
            self._start(item, message_item(self._tables.messages, prompt, packed))
        except ConditionFailedError as failed:
            if not _holds(failed.items.get("prompt"), packed):
                self._message_parts.remove(prompt, packed)
            if not _is_stored(failed.items.get("session"), session):
                raise SessionNotStoredError("The session or its prompt is there already.") from failed

    def restart(self, session: Session, *, replaced: str) -> bool:
        """Replaces `replaced` as the prompt's newest session; False if it no longer is the newest.

        Raises:
            SessionNotStoredError: also if another session has its id.
        """
        prompt = self._tables.messages(chat_key(session.user_id, session.chat_id), session.prompt_message_id)
        transaction = Transaction(self._tables.connection)
        transaction.put(
            "session", session_item(self._tables.sessions, session, None), SessionItem.session_id.does_not_exist()
        )
        transaction.update(
            "prompt",
            prompt,
            [
                MessageItem.session_id.set(session.session_id),
                MessageItem.prompt_status.set(MessageStatus.PENDING),
                MessageItem.code.remove(),
                MessageItem.retryable.remove(),
            ],
            MessageItem.session_id == replaced,
        )
        try:
            with _nothing_stored(transaction):
                transaction.commit()
        except ConditionFailedError as failed:
            if "session" not in failed.items:
                return False
            if not _is_stored(failed.items["session"], session):
                raise SessionNotStoredError("The session is there already.") from failed
        return True

    def _start(self, session: SessionItem, prompt: MessageItem) -> None:
        try:
            self._commit_start(session, prompt, newest=True)
        except ConditionFailedError as failed:
            if failed.items.keys() != {"chat"}:
                raise
            # A later prompt of this chat was stored first and determines the chat's position.
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
        with _nothing_stored(transaction):
            transaction.commit()


@contextmanager
def _nothing_stored(transaction: Transaction | None = None) -> Iterator[None]:
    """Raises `SessionNotStoredError` for failures before the transaction, or if it was certainly not applied."""
    try:
        yield
    except FAILURES as error:
        if transaction is not None and transaction.in_doubt:
            raise
        raise SessionNotStoredError("The storage is not available.") from error


def _holds(item: Item | None, packed: PackedText) -> bool:
    """Whether `item`, which failed the prompt's condition, is the prompt with these parts."""
    return item is not None and MessageItem.from_raw_data(item).content == packed


def _is_stored(item: Item | None, session: Session) -> bool:
    """Whether `item`, which failed the session's condition, is the session, stored by an attempt without a reply."""
    if item is None:
        return False
    stored = SessionItem.from_raw_data(item)
    return (stored.user_id, stored.prompt_message_id) == (session.user_id, session.prompt_message_id)
