"""Messages of a chat, and the port to their storage."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """The author of a message."""

    USER = "user"
    ASSISTANT = "assistant"


class MessageStatus(StrEnum):
    """How a message ended (complete, stopped by its user, interrupted by a failure), or the progress of a prompt."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    PENDING = "pending"
    """Of a prompt: its session's stream has not been opened."""
    STREAMING = "streaming"
    """Of a prompt: its answer is being generated."""
    FAILED = "failed"
    """Of a prompt: its session failed before it had text."""


class MessageKind(StrEnum):
    """Whether a message belongs to the conversation with the model, or to a slash command (never sent to a model)."""

    CHAT = "chat"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider reports them."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `message_id` is a ULID: ids sort by time; `created_at` is in seconds since the epoch."""

    message_id: str
    user_id: str
    chat_id: str
    session_id: str
    role: Role
    content: str
    model_id: str
    created_at: float
    status: MessageStatus = MessageStatus.COMPLETE
    kind: MessageKind = MessageKind.CHAT
    finish_reason: str | None = None
    usage: Usage | None = None
    project_id: str | None = None
    task_id: str | None = None
    cached: bool = False
    """Answered from the cache at no cost; `usage` is that of the cached answer."""
    saved_usd: float | None = None
    """The usage of the call that made a cached answer; None if the answer is not cached or the usage is unknown."""
    code: str | None = None
    """The `error` event's code of the failure that interrupted an answer or left a prompt without one."""
    retryable: bool | None = None
    """Whether another attempt may succeed; None if nothing failed."""
    prompt_status: MessageStatus | None = None
    """Of a prompt: PENDING, or how its session ended without text. None if version 0.1.0 stored it."""


def is_turn(kind: MessageKind, role: Role, *, newer: Role) -> bool:
    """Whether a message is sent to a model; `newer` is the role of the next message sent.

    Slash commands, their answers, and answers that were regenerated are not sent.
    """
    return kind is MessageKind.CHAT and not role is newer is Role.ASSISTANT


@dataclass(frozen=True, slots=True)
class StoredPrompt:
    """What regenerating the answer to a prompt needs."""

    message_id: str
    session_id: str
    """Its newest session."""
    kind: MessageKind
    project_id: str | None
    task_id: str | None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages in order, and the cursor of the next page; None on the last page."""

    messages: tuple[Message, ...]
    next_position: str | None


class MessageStore(Protocol):
    """Reads messages; `SessionStore` writes them, together with the session they belong to."""

    def page(self, user_id: str, chat_id: str, *, limit: int, position: str | None = None) -> MessagePage:
        """A chat's messages, oldest first. An unknown chat is an empty page.

        `position` is the `next_position` of the page before: an opaque string, meaningful for this user and chat only.
        """

    def page_all_chats(self, user_id: str, *, limit: int, position: str | None = None) -> MessagePage:
        """A user's messages over all chats: the chat with the newest prompt first, within a chat oldest first."""

    def prompt(self, user_id: str, chat_id: str, message_id: str) -> StoredPrompt | None:
        """The prompt of that id in that chat, by a consistent read; None if it does not exist."""

    def latest(
        self,
        user_id: str,
        chat_id: str,
        *,
        limit: int,
        up_to_message_id: str | None = None,
        max_bytes: int | None = None,
    ) -> tuple[Message, ...]:
        """The newest `limit` messages up to and including that id, oldest first.

        With `max_bytes`, only messages that a model is sent (`is_turn`), from the newest on, as long as their contents
        fit into that many bytes of UTF-8. The newest is always included. Reads no more than necessary.
        """
