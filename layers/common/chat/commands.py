"""How a slash command is told from a prompt: `/name` is a command, `//text` is a prompt that begins with one slash."""

from chat.messages import MessageKind


def kind_of(prompt: str) -> MessageKind:
    """What a prompt is."""
    return MessageKind.COMMAND if prompt.startswith("/") and not prompt.startswith("//") else MessageKind.CHAT


def unescape(prompt: str) -> str:
    """A prompt as a model is given it."""
    return prompt.removeprefix("/") if prompt.startswith("//") else prompt
