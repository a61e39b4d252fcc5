"""Maps a prompt to its slash command. To add a command, write its class and add an instance in `build_registry`."""

import difflib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from chat_stream.commands.command import Command, CommandContext, CommandError, usage
from chat_stream.commands.help import HelpCommand
from chat_stream.commands.history import HistoryCommand
from chat_stream.commands.models import ModelsCommand
from chat_stream.providers.port import Finish, Piece


class CommandRegistry:
    """Finds and runs commands by name."""

    def __init__(self, commands: Sequence[Command]) -> None:
        self._commands = {command.name: command for command in commands}

    @asynccontextmanager
    async def run(self, prompt: str, context: CommandContext) -> AsyncIterator[AsyncIterator[Piece]]:
        """The answer to a prompt that begins with `/`. Unknown commands and invalid arguments get a help text."""
        yield self._pieces(prompt, context)

    async def _pieces(self, prompt: str, context: CommandContext) -> AsyncIterator[Piece]:
        name, *words = prompt.removeprefix("/").split() or [""]
        command = self._commands.get(name.lower())
        if command is None:
            yield self._unknown(name)
        else:
            try:
                arguments = _parse(command, words)
            except CommandError as error:
                yield f"`/{command.name}`: {error}.\n\nUsage: `{usage(command)}`"
            else:
                async for piece in command.run(context, *arguments):
                    yield piece
        yield Finish("stop", None)

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(name.lower(), self._commands, n=3, cutoff=0.5)
        advice = " or ".join(f"`/{match}`" for match in near)
        shown = name.replace("`", "")[:40]
        meant = f" Did you mean {advice}?" if near else ""
        return (
            f"There is no command `/{shown}`.{meant} `/help` lists all commands. "
            "To start a prompt with a slash, type two slashes."
        )


def _parse(command: Command, words: Sequence[str]) -> list[object]:
    if len(words) > len(command.arguments):
        raise CommandError("too many arguments")
    missing = [argument.name for argument in command.arguments[len(words) :] if argument.required]
    if missing:
        raise CommandError(f"{missing[0]} is missing")
    return [argument.parse(word) for argument, word in zip(command.arguments, words, strict=False)]


def build_registry() -> CommandRegistry:
    """The registry of all commands."""
    commands: list[Command] = [ModelsCommand(), HistoryCommand()]
    return CommandRegistry([HelpCommand(commands), *commands])
