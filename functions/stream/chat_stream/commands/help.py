"""The command `/help`."""

from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

from chat_stream.commands.command import Argument, Command, CommandContext, usage


class HelpCommand:
    """Lists the commands."""

    name: ClassVar[str] = "help"
    help: ClassVar[str] = "Lists the commands."
    arguments: ClassVar[tuple[Argument, ...]] = ()

    def __init__(self, others: Sequence[Command]) -> None:
        self._commands: tuple[Command, ...] = (self, *others)

    async def run(self, context: CommandContext, *arguments: object) -> AsyncIterator[str]:  # noqa: ARG002  # the port's
        yield "**Commands**\n\n"
        for command in self._commands:
            details = "".join(f" `{argument.name}`: {argument.help}" for argument in command.arguments)
            yield f"- `{usage(command)}` {command.help}{details}\n"
