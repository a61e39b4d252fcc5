"""The interface of a slash command, and its arguments."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from chat.catalog import Catalog
from chat.messages import MessageStore
from chat.sessions import Session
from chat.users import User


class CommandError(Exception):
    """Invalid arguments. The message is shown as the answer, with the command's usage."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument. `parse` raises `CommandError` for an invalid value."""

    name: str
    help: str
    parse: Callable[[str], object] = str
    required: bool = False

    @property
    def usage(self) -> str:
        return f"<{self.name}>" if self.required else f"[{self.name}]"


@dataclass(frozen=True, slots=True)
class CommandContext:
    """What a command may read to produce its answer."""

    session: Session
    user: User
    catalog: Catalog
    messages: MessageStore


class Command(Protocol):
    """One slash command."""

    name: ClassVar[str]
    help: ClassVar[str]
    arguments: ClassVar[tuple[Argument, ...]]

    def run(self, context: CommandContext, *arguments: object) -> AsyncIterator[str]:
        """Yields the answer as pieces of Markdown. `arguments` are parsed; omitted optional ones are absent."""


def usage(command: type[Command] | Command) -> str:
    """The syntax of a command, such as `/history [n]`."""
    return " ".join([f"/{command.name}", *(argument.usage for argument in command.arguments)])


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Returns a parser for whole numbers from `low` to `high`."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(high)) and low <= int(text) <= high):
            raise CommandError(f"a whole number from {low} to {high} is expected")
        return int(text)

    return parse
