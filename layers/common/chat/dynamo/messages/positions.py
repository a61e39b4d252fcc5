"""Cursors: the end of a page as a short string, opaque to clients."""

import re
from typing import NamedTuple

from chat.errors import InvalidRequestError

_ULID = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
_IN_CHAT = re.compile(_ULID)
_OVER_CHATS = re.compile(rf"({_ULID})([A-Za-z0-9_-]{{1,64}})\.({_ULID})")


class Place(NamedTuple):
    """The last message of a page over all chats, and its chat with the activity it was listed under."""

    activity_at: str
    chat_id: str
    message_id: str

    def encode(self) -> str:
        return f"{self.activity_at}{self.chat_id}.{self.message_id}"


def decode_place(position: str) -> Place:
    """Raises InvalidRequestError (`invalid_cursor`) if `Place.encode` did not make `position`."""
    if match := _OVER_CHATS.fullmatch(position):
        return Place(*match.groups())
    raise _invalid()


def decode_message_id(position: str) -> str:
    """Raises InvalidRequestError (`invalid_cursor`) if `position` is not a message id."""
    if _IN_CHAT.fullmatch(position):
        return position
    raise _invalid()


def _invalid() -> InvalidRequestError:
    return InvalidRequestError("The cursor is not one of this list.", code="invalid_cursor", status=400)
