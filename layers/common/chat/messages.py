"""Messages of a chat, and the port to where they are kept."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"


class MessageStatus(StrEnum):
    """How a message ended: whole, stopped by its user, or cut off by a failure. Or how far a prompt's answer is."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    PENDING = "pending"
    """A prompt: its session waits for its stream."""
    STREAMING = "streaming"
    """A prompt: its answer is being written."""
    FAILED = "failed"
    """A prompt: its session failed before any text."""


class MessageKind(StrEnum):
    """Whether a message belongs to the conversation with the model, or to a slash command (no model sees those)."""

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
    """Answered from the cache: it cost nothing, and `usage` is that of the answer it repeats."""
    saved_usd: float | None = None
    """The usage of the call that made a cached answer; None if the answer is not cached or the usage is unknown."""
    code: str | None = None
    """Of the failure that interrupted it or, if it is a prompt, left it without an answer; an `error` event's code."""
    retryable: bool | None = None
    """Whether the answer can be made by another attempt; None: nothing failed."""
    prompt_status: MessageStatus | None = None
    """Of a prompt: PENDING, or how its session ended, if that was without any text. None: version 0.1.0 stored it."""


def is_turn(kind: MessageKind, role: Role, *, newer: Role) -> bool:
    """Whether a model is given a message, if `newer` is the role of the next one that it is given.

    It is given no slash commands and none of their answers, and no answer after which the prompt was answered again.
    """
    return kind is MessageKind.CHAT and not role is newer is Role.ASSISTANT


@dataclass(frozen=True, slots=True)
class StoredPrompt:
    """What another answer to a prompt needs to know of it."""

    message_id: str
    session_id: str
    """Its newest session."""
    kind: MessageKind
    project_id: str | None
    task_id: str | None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages in order, and the cursor of the next page (None: this is the last page)."""

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

        With `max_bytes` only those of them that a model is given (`is_turn`) and whose contents have so many bytes of
        UTF-8 together: it ends before the first, from the newest on, that does not fit. The newest comes always. No
        more is read than that takes.
        """
