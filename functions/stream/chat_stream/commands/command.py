"""What a slash command is."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from chat.catalog import Catalog
from chat.messages import MessageStore
from chat.sessions import Session
from chat.users import User


class CommandError(Exception):
    """Arguments that do not fit; the text is shown as the answer, with the command's usage."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument; `parse` raises CommandError with a sentence."""

    name: str
    help: str
    parse: Callable[[str], object] = str
    required: bool = False

    @property
    def usage(self) -> str:
        return f"<{self.name}>" if self.required else f"[{self.name}]"


@dataclass(frozen=True, slots=True)
class CommandContext:
    """What a command may use."""

    session: Session
    user: User
    catalog: Catalog
    messages: MessageStore


class Command(Protocol):
    """One command: `run` yields Markdown, piece by piece."""

    name: ClassVar[str]
    help: ClassVar[str]
    arguments: ClassVar[tuple[Argument, ...]]

    def run(self, context: CommandContext, *arguments: object) -> AsyncIterator[str]:
        """`arguments` are parsed; an optional one that was not given is absent."""


def usage(command: type[Command] | Command) -> str:
    """How a command is typed."""
    return " ".join([f"/{command.name}", *(argument.usage for argument in command.arguments)])


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers within bounds."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(high)) and low <= int(text) <= high):
            raise CommandError(f"a whole number from {low} to {high} is expected")
        return int(text)

    return parse
