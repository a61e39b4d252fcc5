"""Messages in DynamoDB: the adapter of `chat.messages.MessageStore`."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition

from chat.dynamo.calls import storage_errors
from chat.dynamo.items import ChatItem, MessageItem
from chat.dynamo.keys import chat_key
from chat.dynamo.mapping import to_message, to_prompt
from chat.dynamo.messages.parts import MessageParts
from chat.dynamo.messages.positions import Place, decode_message_id, decode_place
from chat.dynamo.tables import Tables
from chat.messages import Message, MessageKind, MessagePage, Role, StoredPrompt, is_turn

PROMPT_ATTRIBUTES = [
    attribute.attr_name
    for attribute in (
        MessageItem.pk,
        MessageItem.sk,
        MessageItem.session_id,
        MessageItem.role,
        MessageItem.kind,
        MessageItem.project_id,
        MessageItem.task_id,
    )
]
"""The attributes that another answer to a prompt needs, without its text."""


class DynamoMessageStore:
    """Messages in ChatsTable. A chat's messages are read consistently; the list of chats is eventually consistent."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._parts = MessageParts(tables)

    def page(self, user_id: str, chat_id: str, *, limit: int, position: str | None = None) -> MessagePage:
        after = None if position is None else decode_message_id(position)
        with storage_errors():
            items = list(self._query(user_id, chat_id, _after(after), limit=limit + 1))
            messages = self._messages(user_id, chat_id, items[:limit])
        return MessagePage(messages, items[limit - 1].sk if len(items) > limit else None)

    def page_all_chats(self, user_id: str, *, limit: int, position: str | None = None) -> MessagePage:
        place = None if position is None else decode_place(position)
        found: list[tuple[Place, MessageItem]] = []
        with storage_errors():
            for activity_at, chat_id, after in self._chats(user_id, place, limit=limit + 1):
                items = self._query(user_id, chat_id, _after(after), limit=limit + 1 - len(found))
                found += [(Place(activity_at, chat_id, item.sk), item) for item in items]
                if len(found) > limit:
                    break
            messages = [
                message
                for chat_id, of_chat in groupby(found[:limit], key=lambda entry: entry[0].chat_id)
                for message in self._messages(user_id, chat_id, [item for _, item in of_chat])
            ]
        return MessagePage(tuple(messages), found[limit - 1][0].encode() if len(found) > limit else None)

    def prompt(self, user_id: str, chat_id: str, message_id: str) -> StoredPrompt | None:
        with storage_errors():
            try:
                item = self._tables.messages.get(
                    chat_key(user_id, chat_id), message_id, consistent_read=True, attributes_to_get=PROMPT_ATTRIBUTES
                )
            except DoesNotExist:
                return None
            return to_prompt(item)

    def latest(
        self,
        user_id: str,
        chat_id: str,
        *,
        limit: int,
        up_to_message_id: str | None = None,
        max_bytes: int | None = None,
    ) -> tuple[Message, ...]:
        up_to = None if up_to_message_id is None else MessageItem.sk <= up_to_message_id
        with storage_errors():
            items = self._query(user_id, chat_id, up_to, limit=limit, backwards=True)
            if max_bytes is None:
                return self._messages(user_id, chat_id, list(items)[::-1])
            return self._fitting(user_id, chat_id, items, max_bytes)

    def _fitting(
        self, user_id: str, chat_id: str, newest_first: Iterable[MessageItem], max_bytes: int
    ) -> tuple[Message, ...]:
        """Reads pages and the parts of one turn at a time, until `max_bytes` are used."""
        fitting: list[Message] = []
        left = max_bytes
        for item in newest_first:
            if fitting and not is_turn(MessageKind(item.kind), Role(item.role), newer=fitting[-1].role):
                continue
            if fitting and item.content.least_bytes > left:
                break
            (message,) = self._messages(user_id, chat_id, [item])
            left -= len(message.content.encode())
            if fitting and left < 0:
                break
            fitting.append(message)
            if left <= 0:
                break
        return tuple(reversed(fitting))

    def _chats(self, user_id: str, place: Place | None, *, limit: int) -> Iterator[tuple[str, str, str | None]]:
        """Chats by activity, newest first, each with the message to continue after; the last page's chat comes first.

        Every chat has at least one message, so `limit` messages rarely need more than `limit` chats.
        """
        older = None
        if place is not None:
            yield place
            older = ChatItem.activity_at < place.activity_at
        chats = self._tables.chats.by_activity.query(user_id, older, scan_index_forward=False, page_size=limit)
        for chat in chats:
            yield chat.activity_at, chat.sk, None

    def _query(
        self, user_id: str, chat_id: str, condition: Condition | None, *, limit: int, backwards: bool = False
    ) -> Iterator[MessageItem]:
        """Reads pages lazily; a page of DynamoDB holds 1 MB."""
        key = chat_key(user_id, chat_id)
        return self._tables.messages.query(
            key, condition, consistent_read=True, scan_index_forward=not backwards, limit=limit
        )

    def _messages(self, user_id: str, chat_id: str, items: Sequence[MessageItem]) -> tuple[Message, ...]:
        contents = self._parts.contents(user_id, chat_id, [(item.sk, item.content) for item in items])
        return tuple(to_message(item, user_id, chat_id, content) for item, content in zip(items, contents, strict=True))


def _after(message_id: str | None) -> Condition | None:
    return None if message_id is None else MessageItem.sk > message_id
