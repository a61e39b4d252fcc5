"""The use cases: read messages page by page, and see which models there are."""

from dataclasses import dataclass

from chat.access import Access
from chat.catalog import Catalog, Model
from chat.errors import NotFoundError
from chat.messages import Message, MessageStore
from chat.users import Tier
from chat_history.cursors import Cursors


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some messages, and the cursor of the next page (None: there is none)."""

    messages: tuple[Message, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadHistory:
    """Reads one chat, oldest first, or all of a user's, the chat with the newest prompt first."""

    access: Access
    messages: MessageStore
    cursors: Cursors

    def __call__(self, user_id: str, chat_id: str | None, *, limit: int, cursor: str | None) -> HistoryPage:
        """One page of at most `limit` messages.

        Raises:
            ForbiddenError: `user_disabled`.
            InvalidRequestError: `invalid_cursor`.
            NotFoundError: `chat_not_found`: unknown, or another user's.
        """
        self.access.admit(user_id)
        position = self.cursors.decode(cursor, user_id=user_id, chat_id=chat_id)
        if chat_id is None:
            page = self.messages.page_all_chats(user_id, limit=limit, position=position)
        else:
            page = self.messages.page(user_id, chat_id, limit=limit, position=position)
            if not page.messages and position is None:
                raise NotFoundError("There is no such chat.", code="chat_not_found")
        next_cursor = self.cursors.encode(page.next_position, user_id=user_id, chat_id=chat_id)
        return HistoryPage(page.messages, next_cursor)


@dataclass(frozen=True, slots=True)
class OfferedModels:
    """All models; a user of `tier` may use those that it includes."""

    tier: Tier
    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferModels:
    """Tells a user which models there are."""

    access: Access
    catalog: Catalog

    def __call__(self, user_id: str) -> OfferedModels:
        """The catalogue, seen by this user.

        Raises:
            ForbiddenError: `user_disabled`.
        """
        return OfferedModels(self.access.admit(user_id).tier, self.catalog.models)
