"""Cursors: where the next page begins, as a text that only this service can make, and only for this list."""

import json

from chat.auth import SecretSource, Signer
from chat.errors import InvalidRequestError


class Cursors:
    """Makes and reads them. A cursor is bound to its user and to the chat (or to the list of all chats)."""

    def __init__(self, secret: SecretSource) -> None:
        self._signer = Signer(secret, label="cursor")

    def encode(self, position: str | None, *, user_id: str, chat_id: str | None) -> str | None:
        """The cursor for a store's position; None for None."""
        return None if position is None else self._signer.sign(position.encode(), context=_list(user_id, chat_id))

    def decode(self, cursor: str | None, *, user_id: str, chat_id: str | None) -> str | None:
        """The store's position; None for None.

        Raises:
            InvalidRequestError: `invalid_cursor`: made up, cut off, another user's or another list's.
        """
        if cursor is None:
            return None
        position = self._signer.open(cursor, context=_list(user_id, chat_id))
        if position is None:
            raise InvalidRequestError("The cursor is not one of this list.", code="invalid_cursor", status=400)
        return position.decode()


def _list(user_id: str, chat_id: str | None) -> bytes:
    return json.dumps([user_id, chat_id]).encode()
