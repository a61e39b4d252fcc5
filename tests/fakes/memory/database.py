"""What the stores in memory keep their items in."""

from dataclasses import dataclass, field
from threading import RLock

from chat.errors import StorageError
from chat.messages import Message
from chat.sessions import Session
from chat.users import User


@dataclass
class MemoryDatabase:
    """What the stores of one test share. With `failing` set, every call raises `StorageError`."""

    sessions: dict[str, Session] = field(default_factory=dict)
    messages: dict[tuple[str, str], dict[str, Message]] = field(default_factory=dict)
    """By user and chat, then by message id."""
    activity: dict[tuple[str, str], str] = field(default_factory=dict)
    """The id of the newest prompt, by user and chat."""
    users: dict[str, User] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)
    failing: bool = False

    def check(self, error: type[StorageError] = StorageError) -> None:
        if self.failing:
            raise error("The storage does not answer.")

    def add_message(self, message: Message) -> None:
        self.messages.setdefault((message.user_id, message.chat_id), {})[message.message_id] = message

    def prompt_of(self, session: Session) -> Message | None:
        return self.messages.get((session.user_id, session.chat_id), {}).get(session.prompt_message_id)

    def chat(self, user_id: str, chat_id: str) -> list[Message]:
        """A chat's messages, oldest first."""
        stored = self.messages.get((user_id, chat_id), {})
        return [stored[message_id] for message_id in sorted(stored)]
