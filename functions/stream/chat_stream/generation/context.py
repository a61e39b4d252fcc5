"""Selects the part of a chat that is sent to the model: the newest turns that fit its context window."""

from collections.abc import Sequence

from chat.catalog import Model
from chat.commands import unescape
from chat.messages import Message, MessageKind, Role, is_turn
from chat_stream.providers.port import Turn

MAX_MESSAGES = 200
BYTES_PER_TOKEN = 3
"""UTF-8 bytes per token, a cautious estimate.

English text has about 4 bytes a token, code fewer. A Chinese character has 3 bytes and is about one token.
"""


def window_bytes(model: Model, system: str) -> int:
    """The UTF-8 bytes left for the conversation after the system prompt and the longest possible answer."""
    return (model.context_window - model.max_output_tokens) * BYTES_PER_TOKEN - len(system.encode())


def turns_for(model: Model, messages: Sequence[Message], system: str) -> tuple[Turn, ...]:
    """The newest turns that fit the context window, oldest first. The prompt (the last message) is always included.

    Leaves out slash commands and their answers, an answer whose prompt does not fit, and an answer that was
    regenerated later.
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
