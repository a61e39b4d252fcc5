"""The store of messages in memory, with the same decisions as the real one."""

from collections.abc import Iterator
from itertools import accumulate

from chat.errors import InvalidRequestError
from chat.messages import Message, MessagePage, Role, StoredPrompt, is_turn
from fakes.memory.database import MemoryDatabase


class MemoryMessageStore:
    """A `chat.messages.MessageStore`; positions are plain text."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database

    def page(self, user_id: str, chat_id: str, *, limit: int, position: str | None = None) -> MessagePage:
        with self.database.lock:
            self.database.check()
            messages = self.database.chat(user_id, chat_id)
        ids = [message.message_id for message in messages]
        first = 0 if position is None else _after(ids, position)
        last = first + limit
        return MessagePage(tuple(messages[first:last]), ids[last - 1] if last < len(ids) else None)

    def page_all_chats(self, user_id: str, *, limit: int, position: str | None = None) -> MessagePage:
        with self.database.lock:
            self.database.check()
            walk = list(self._walk(user_id))
        places = [place for place, _ in walk]
        first = 0 if position is None else _after(places, position)
        last = first + limit
        messages = tuple(message for _, message in walk[first:last])
        return MessagePage(messages, places[last - 1] if last < len(places) else None)

    def prompt(self, user_id: str, chat_id: str, message_id: str) -> StoredPrompt | None:
        with self.database.lock:
            self.database.check()
            message = self.database.messages.get((user_id, chat_id), {}).get(message_id)
        if message is None or message.role is not Role.USER:
            return None
        return StoredPrompt(message.message_id, message.session_id, message.kind, message.project_id, message.task_id)

    def latest(
        self,
        user_id: str,
        chat_id: str,
        *,
        limit: int,
        up_to_message_id: str | None = None,
        max_bytes: int | None = None,
    ) -> tuple[Message, ...]:
        with self.database.lock:
            self.database.check()
            messages = self.database.chat(user_id, chat_id)
        chosen = [m for m in messages if up_to_message_id is None or m.message_id <= up_to_message_id]
        newest = chosen[-limit:]
        return tuple(newest if max_bytes is None else _fitting(newest, max_bytes))

    def _walk(self, user_id: str) -> Iterator[tuple[str, Message]]:
        newest_first = sorted(
            ((newest, chat_id) for (owner, chat_id), newest in self.database.activity.items() if owner == user_id),
            reverse=True,
        )
        for _, chat_id in newest_first:
            for message in self.database.chat(user_id, chat_id):
                yield f"{chat_id}/{message.message_id}", message


def _fitting(messages: list[Message], max_bytes: int) -> list[Message]:
    """The newest, and the turns before it that fit."""
    turns: list[Message] = []
    for message in reversed(messages):
        if not turns or is_turn(message.kind, message.role, newer=turns[-1].role):
            turns.append(message)
    sizes = accumulate(len(message.content.encode()) for message in turns)
    count = max(1, sum(size <= max_bytes for size in sizes))
    return turns[:count][::-1]


def _after(places: list[str], position: str) -> int:
    if position not in places:
        raise InvalidRequestError("The cursor is not one of this list.", code="invalid_cursor", status=400)
    return places.index(position) + 1
