"""What of a chat a model is given: the conversation so far, as much as fits its context window."""

from collections.abc import Sequence

from chat.catalog import Model
from chat.commands import unescape
from chat.messages import Message, MessageKind, Role, is_turn
from chat_stream.providers.port import Turn

MAX_MESSAGES = 200
BYTES_PER_TOKEN = 3
"""Of UTF-8, and cautious: English has about 4 a token, code fewer; a Chinese character has 3 and is about one token."""


def window_bytes(model: Model, system: str) -> int:
    """How much of a conversation fits beside the system prompt and the longest answer, in bytes of UTF-8."""
    return (model.context_window - model.max_output_tokens) * BYTES_PER_TOKEN - len(system.encode())


def turns_for(model: Model, messages: Sequence[Message], system: str) -> tuple[Turn, ...]:
    """The newest turns that fit, oldest first; the prompt (the last message) always.

    Slash commands and their answers are left out, and so are an answer whose prompt does not fit, and one after which
    the same prompt was answered again.
    """
    budget = window_bytes(model, system)
    turns: list[Turn] = []
    for message in reversed([m for m in messages if m.kind is MessageKind.CHAT and m.content]):
        if turns and not is_turn(message.kind, message.role, newer=turns[-1].role):
            continue
        budget -= len(message.content.encode())
        if turns and budget < 0:
            break
        turns.append(Turn(message.role, unescape(message.content) if message.role is Role.USER else message.content))
    while len(turns) > 1 and turns[-1].role is Role.ASSISTANT:
        turns.pop()
    return tuple(reversed(turns))
