"""Cursors: signed tokens for the position where the next page of a list begins."""

import json

from chat.auth import SecretSource, Signer
from chat.errors import InvalidRequestError


class Cursors:
    """Signs and verifies cursors. A cursor is valid only for its user and its chat (or the list of all chats)."""

    def __init__(self, secret: SecretSource) -> None:
        self._signer = Signer(secret, label="cursor")

    def encode(self, position: str | None, *, user_id: str, chat_id: str | None) -> str | None:
        """The cursor for a position in the message store, or None if there is no position."""
        return None if position is None else self._signer.sign(position.encode(), context=_list(user_id, chat_id))

    def decode(self, cursor: str | None, *, user_id: str, chat_id: str | None) -> str | None:
        """The position in a cursor, or None if there is no cursor.

        Raises:
            InvalidRequestError: `invalid_cursor`: the cursor is forged or truncated, or is of another user or list.
        """
        if cursor is None:
            return None
        position = self._signer.open(cursor, context=_list(user_id, chat_id))
        if position is None:
            raise InvalidRequestError("The cursor is not one of this list.", code="invalid_cursor", status=400)
        return position.decode()


def _list(user_id: str, chat_id: str | None) -> bytes:
    return json.dumps([user_id, chat_id]).encode()
