"""The use cases: read messages page by page, and see which models there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from chat.access import Access
from chat.catalog import Catalog, Model, Provider
from chat.errors import NotFoundError
from chat.messages import Message, MessagePage, MessageStore
from chat.users import Tier
from chat_history.cursors import Cursors

MAX_TEXT_BYTES = 2_500_000
"""Texts of one page. Lambda's limit for a buffered answer is 6 MB, and JSON in JSON doubles what it must escape.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""


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
        """One page of at most `limit` messages, fewer where their texts are long.

        Raises:
            ForbiddenError: `user_disabled`.
            InvalidRequestError: `invalid_cursor`.
            NotFoundError: `chat_not_found`: unknown, or another user's.
        """
        self.access.admit(user_id)
        position = self.cursors.decode(cursor, user_id=user_id, chat_id=chat_id)
        page = self._read(user_id, chat_id, limit=limit, position=position)
        if chat_id is not None and not page.messages and position is None:
            raise NotFoundError("There is no such chat.", code="chat_not_found")
        fitting = _fitting(page.messages)
        if fitting < len(page.messages):
            page = self._read(user_id, chat_id, limit=fitting, position=position)
        next_cursor = self.cursors.encode(page.next_position, user_id=user_id, chat_id=chat_id)
        return HistoryPage(page.messages, next_cursor)

    def _read(self, user_id: str, chat_id: str | None, *, limit: int, position: str | None) -> MessagePage:
        if chat_id is None:
            return self.messages.page_all_chats(user_id, limit=limit, position=position)
        return self.messages.page(user_id, chat_id, limit=limit, position=position)


def _fitting(messages: Sequence[Message]) -> int:
    """How many of them, from the first, one answer can carry; at least one."""
    sizes = accumulate(len(message.content.encode()) for message in messages)
    return max(1, sum(size <= MAX_TEXT_BYTES for size in sizes))


@dataclass(frozen=True, slots=True)
class OfferedModels:
    """All models and who offers them; a user of `tier` may use those that it includes."""

    tier: Tier
    models: tuple[tuple[Model, Provider], ...]


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
        models = tuple((model, self.catalog.provider_of(model)) for model in self.catalog.models)
        return OfferedModels(self.access.admit(user_id).tier, models)
