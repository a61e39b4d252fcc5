"""Slash commands: a prompt that begins with one slash. Two slashes stand for a slash."""

from chat.messages import MessageKind

COMMAND_PREFIX = "/"
ESCAPED_PREFIX = "//"


def kind_of(prompt: str) -> MessageKind:
    """The kind of a prompt."""
    is_command = prompt.startswith(COMMAND_PREFIX) and not prompt.startswith(ESCAPED_PREFIX)
    return MessageKind.COMMAND if is_command else MessageKind.CHAT


def unescape(prompt: str) -> str:
    """The text of a chat prompt for the model: `//etc is a folder` becomes `/etc is a folder`."""
    return prompt.removeprefix(COMMAND_PREFIX) if prompt.startswith(ESCAPED_PREFIX) else prompt
