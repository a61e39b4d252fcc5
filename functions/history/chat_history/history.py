"""The use case: read messages page by page, each prompt with the status of its answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from chat.auth.access import Access
from chat.clock import Clock
from chat.errors import NotFoundError
from chat.messages import Message, MessagePage, MessageStore, Role
from chat.sessions import Session, SessionStore
from chat_history.cursors import Cursors
from chat_history.prompts import answered, is_open, unanswered
from chat_history.reading import MessageList


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of messages, and the cursor of the next page, or None for the last page."""

    messages: tuple[Message, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Found:
    """A page of messages and the sessions of its prompts."""

    page: MessagePage
    answered: set[str]
    """Ids of the sessions that have an answer."""
    unanswered: Mapping[str, Session]
    """The sessions of open prompts without an answer, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadHistory:
    """Reads one chat, oldest message first, or all chats of a user, the chat with the newest prompt first."""

    access: Access
    messages: MessageStore
    sessions: SessionStore
    clock: Clock
    cursors: Cursors

    def __call__(self, user_id: str, chat_id: str | None, *, limit: int, cursor: str | None) -> HistoryPage:
        """One page of at most `limit` messages, or fewer if their texts are long.

        Raises:
            ForbiddenError: `user_disabled`.
            InvalidRequestError: `invalid_cursor`.
            NotFoundError: `chat_not_found`: the chat is unknown, or another user's.
        """
        self.access.admit(user_id)
        position = self.cursors.decode(cursor, user_id=user_id, chat_id=chat_id)
        messages = MessageList(self.messages, user_id, chat_id)
        found = self._find(messages, limit, position)
        if chat_id is not None and not found.page.messages and position is None:
            raise NotFoundError("There is no such chat.", code="chat_not_found")
        if any(session.state.finished for session in found.unanswered.values()):
            # A session ended after its prompt was read: read again to get its answer or its mark on the prompt.
            found = self._find(messages, limit, position)
        now = self.clock.now()
        told = tuple(_told(message, found, now) for message in found.page.messages)
        next_cursor = self.cursors.encode(found.page.next_position, user_id=user_id, chat_id=chat_id)
        return HistoryPage(told, next_cursor)

    def _find(self, messages: MessageList, limit: int, position: str | None) -> _Found:
        page = messages.page(limit, position)
        has_answer = messages.answered_sessions(page)
        waiting = [message.session_id for message in page.messages if is_open(message)]
        asked = [session_id for session_id in waiting if session_id not in has_answer]
        return _Found(page, has_answer, self.sessions.get_many(asked) if asked else {})


def _told(message: Message, found: _Found, now: float) -> Message:
    if message.role is not Role.USER:
        return message
    if message.session_id in found.answered:
        return answered(message)
    return unanswered(message, found.unanswered.get(message.session_id), now)
