"""Reads pages of messages that fit into one Lambda response."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from chat.messages import Message, MessagePage, MessageStore, Role
from chat_history.prompts import is_open

MAX_TEXT_BYTES = 2_500_000
"""The limit for the texts of one page, in bytes of UTF-8.

Lambda's limit for a buffered response is 6 MB, and JSON within JSON doubles every character it must escape.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""
LOOK_AHEAD_MESSAGES = 3
"""How many messages are read at a time after a page that ends with a prompt. Most prompts have one answer."""


@dataclass(frozen=True, slots=True)
class MessageList:
    """The messages of one chat, or all messages of the user if `chat_id` is None."""

    messages: MessageStore
    user_id: str
    chat_id: str | None

    def page(self, limit: int, position: str | None) -> MessagePage:
        """A page of at most `limit` messages, or fewer if their texts are long."""
        page = self._read(limit, position)
        fitting = _fitting(page.messages)
        return self._read(fitting, position) if fitting < len(page.messages) else page

    def answered_sessions(self, page: MessagePage) -> set[str]:
        """The ids of the sessions that answered the page's prompts.

        Looks at the next page too if this one ends with a prompt.
        """
        found = {message.session_id for message in page.messages if message.role is Role.ASSISTANT}
        prompts = [message for message in page.messages if message.role is Role.USER]
        if prompts and is_open(prompts[-1]) and prompts[-1].session_id not in found:
            found |= {message.session_id for message in self._answers_behind(page, prompts[-1].chat_id)}
        return found

    def _answers_behind(self, page: MessagePage, chat_id: str) -> Iterator[Message]:
        """Yields the answers that follow the page in the same chat, up to the next prompt."""
        position = page.next_position
        while position is not None:
            ahead = self._read(LOOK_AHEAD_MESSAGES, position)
            for message in ahead.messages:
                if message.role is Role.USER or message.chat_id != chat_id:
                    return
                yield message
            position = ahead.next_position

    def _read(self, limit: int, position: str | None) -> MessagePage:
        if self.chat_id is None:
            return self.messages.page_all_chats(self.user_id, limit=limit, position=position)
        return self.messages.page(self.user_id, self.chat_id, limit=limit, position=position)


def _fitting(messages: Sequence[Message]) -> int:
    """How many of the first messages fit into one response; at least one."""
    sizes = accumulate(len(message.content.encode()) for message in messages)
    return max(1, sum(size <= MAX_TEXT_BYTES for size in sizes))
