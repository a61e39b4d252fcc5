"""Reads and writes the parts of long texts (see `chat.dynamo.packing`).

Parts are written before the item that names them, under keys that no other write uses. A reader therefore finds them
complete, and a write whose item is refused has no effect.
"""

from collections.abc import Sequence

from chat.dynamo.keys import chat_parts_key, part_sort_key, session_part_key
from chat.dynamo.packing import PackedText, pack, unpack
from chat.dynamo.tables import Tables
from chat.errors import StorageError
from chat.messages import Message


class MessageParts:
    """Parts of messages. The parts of a message that was not stored must be removed: ChatsTable has no TTL."""

    def __init__(self, tables: Tables) -> None:
        self._model = tables.message_parts

    def store(self, message: Message) -> PackedText:
        """Packs the message's content and stores the parts that do not fit into the message's item."""
        packed, parts = pack(message.content)
        for key, data in zip(_part_keys(message, packed), parts, strict=True):
            self._model(*key, data=data).save()
        return packed

    def remove(self, message: Message, packed: PackedText) -> None:
        """Deletes what `store` stored."""
        for key in _part_keys(message, packed):
            self._model(*key).delete()

    def contents(self, user_id: str, chat_id: str, packed: Sequence[tuple[str, PackedText]]) -> list[str]:
        """The texts of messages; each is given by its id and packed content."""
        keys = [
            [part_sort_key(message_id, content.part_key, number) for number in range(content.part_count)]
            for message_id, content in packed
        ]
        partition = chat_parts_key(user_id, chat_id)
        wanted = [(partition, key) for of_message in keys for key in of_message]
        found = {item.sk: item.data for item in self._model.batch_get(wanted, consistent_read=True)} if wanted else {}
        return [
            unpack(content, _all_of(found, of_message)) for (_, content), of_message in zip(packed, keys, strict=True)
        ]


class SessionParts:
    """Parts of sessions' partial texts; DynamoDB deletes them with the session."""

    def __init__(self, tables: Tables) -> None:
        self._model = tables.session_parts

    def store(self, session_id: str, text: str, ttl: int) -> PackedText:
        """Packs a partial text and stores the parts that do not fit into the session's item."""
        packed, parts = pack(text)
        for number, data in enumerate(parts):
            self._model(session_part_key(session_id, packed.part_key, number), data=data, ttl=ttl).save()
        return packed

    def text(self, session_id: str, packed: PackedText | None) -> str:
        """The partial text; empty if none is stored."""
        if packed is None:
            return ""
        keys = [session_part_key(session_id, packed.part_key, number) for number in range(packed.part_count)]
        found = (
            {item.session_id: item.data for item in self._model.batch_get(keys, consistent_read=True)} if keys else {}
        )
        return unpack(packed, _all_of(found, keys))

    def remove(self, session_id: str, packed: PackedText | None) -> None:
        """Removes the parts of a deleted session's partial text."""
        if packed is None:
            return
        for number in range(packed.part_count):
            self._model(session_part_key(session_id, packed.part_key, number)).delete()


def _part_keys(message: Message, packed: PackedText) -> list[tuple[str, str]]:
    partition = chat_parts_key(message.user_id, message.chat_id)
    return [
        (partition, part_sort_key(message.message_id, packed.part_key, number)) for number in range(packed.part_count)
    ]


def _all_of(found: dict[str, bytes], keys: Sequence[str]) -> tuple[bytes, ...]:
    try:
        return tuple(found[key] for key in keys)
    except KeyError:
        raise StorageError("A part of a long text is missing.") from None
