"""Keys of items. User ids are quoted, so that no id reads as another user's id or key.

ChatsTable, by partition key:
    user                chats of the user; sort key: the chat's id
    user/chat           messages of the chat; sort key: the message's id
    user/chat/parts     parts of the chat's long texts; sort key: message id/part key/number
SessionsTable:
    session             the session
    session/key/number  parts of its partial text
    limits/requests/user/... timestamps of a user's latest requests
    limits/streams/user       the slots of a user's streams
    cleanup the cleanup's progress
"""

from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.constants import STRING

from chat.quoting import quoted, unquoted

CLEANUP_KEY = "cleanup"
"""Distinct from session ids, which are ULIDs."""


def chat_key(user_id: str, chat_id: str) -> str:
    """The partition of a chat's messages."""
    return f"{quoted(user_id)}/{quoted(chat_id)}"


def chat_parts_key(user_id: str, chat_id: str) -> str:
    """The partition of the parts of a chat's long texts."""
    return f"{chat_key(user_id, chat_id)}/parts"


def part_sort_key(message_id: str, part_key: str, number: int) -> str:
    """The sort key of a message's part."""
    return f"{message_id}/{part_key}/{number:04}"


def session_part_key(session_id: str, part_key: str, number: int) -> str:
    """The key of a part of a session's partial text."""
    return f"{session_id}/{part_key}/{number:04}"


def request_log_key(key: str) -> str:
    """The key of a request log; `key` holds the quoted user id and the limit."""
    return f"limits/{key}"


def stream_slots_key(user_id: str) -> str:
    """The key of the slots of a user's streams."""
    return f"limits/streams/{quoted(user_id)}"


class UserIdAttribute(Attribute[str]):
    """A user's id, quoted in DynamoDB."""

    attr_type = STRING

    def serialize(self, value: str) -> str:
        return quoted(value)

    def deserialize(self, value: Any) -> str:
        return unquoted(value)


def open_bucket(shard: int) -> str:
    """The key of an index's shard of open sessions."""
    return f"open#{shard}"
