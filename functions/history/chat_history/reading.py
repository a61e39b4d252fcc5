"""Pages of messages that one answer of Lambda can carry."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from chat.messages import Message, MessagePage, MessageStore, Role
from chat_history.prompts import is_open

MAX_TEXT_BYTES = 2_500_000
"""Texts of one page. Lambda's limit for a buffered answer is 6 MB, and JSON in JSON doubles what it must escape.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""
LOOK_AHEAD_MESSAGES = 3
"""Read at once behind a page that ends with a prompt, for the answer; most prompts have one."""


@dataclass(frozen=True, slots=True)
class MessageList:
    """One chat's messages or, without a chat, all of the user's."""

    messages: MessageStore
    user_id: str
    chat_id: str | None

    def page(self, limit: int, position: str | None) -> MessagePage:
        """At most `limit` messages, fewer where their texts are long."""
        page = self._read(limit, position)
        fitting = _fitting(page.messages)
        return self._read(fitting, position) if fitting < len(page.messages) else page

    def answered_sessions(self, page: MessagePage) -> set[str]:
        """The sessions that gave answers to the page's prompts, also if the last prompt's is on the next page."""
        found = {message.session_id for message in page.messages if message.role is Role.ASSISTANT}
        prompts = [message for message in page.messages if message.role is Role.USER]
        if prompts and is_open(prompts[-1]) and prompts[-1].session_id not in found:
            found |= {message.session_id for message in self._answers_behind(page, prompts[-1].chat_id)}
        return found

    def _answers_behind(self, page: MessagePage, chat_id: str) -> Iterator[Message]:
        """The answers with which the chat goes on after the page."""
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
    """How many of them, from the first, one answer can carry; at least one."""
    sizes = accumulate(len(message.content.encode()) for message in messages)
    return max(1, sum(size <= MAX_TEXT_BYTES for size in sizes))
