"""The log of a generation: what its producer has written so far, for whoever follows it. It may fail at any time."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol


class LogUnavailableError(Exception):
    """The log does not answer, or refuses: go on without it."""


@dataclass(frozen=True, slots=True)
class TextEntry:
    """A piece of the answer. `event_id` is that of its last character (see `chat.events`)."""

    event_id: int
    text: str


@dataclass(frozen=True, slots=True)
class TerminalEntry:
    """The end, after the answer is stored: the terminal event's id and data."""

    event_id: int
    data: Mapping[str, Any]


type LogEntry = TextEntry | TerminalEntry


class AppendResult(Enum):
    """What a producer learns from an append."""

    GO_ON = auto()
    STOP = auto()
    """Its user wants it stopped."""
    LOST = auto()
    """A later epoch has written to this log: the lease is lost, and nothing was appended."""
    GAP = auto()
    """The log lacks what its producer has appended before, and nothing was appended: append all of it again."""


class EventLog(Protocol):
    """One log a generation, named by its session."""

    async def append(self, session_id: str, *, epoch: int, after: int = 0, entries: Sequence[LogEntry]) -> AppendResult:
        """Appends in one round trip; without entries it only asks how things are. A new epoch empties the log.

        `after` is the id of the last entry that the producer knows to be in the log, 0 if there is none: a log that
        ends before that has lost something. Entries at or before the log's last one are passed over, so that an append
        whose answer got lost can be repeated.

        Raises:
            LogUnavailableError: it may or may not have been appended.
        """

    async def text(self, session_id: str, *, epoch: int) -> str | None:
        """The text that this epoch has written; None if it has written none, or if it is unknown. Never raises."""

    def follow(self, session_id: str, *, seen: int) -> AbstractAsyncContextManager[AsyncIterator[LogEntry | None]]:
        """Entries with an id greater than `seen`, as they are appended, on a connection of its own.

        None whenever nothing was appended for a second. The first text entry may begin before `seen`.

        Raises:
            LogUnavailableError: on entering the context, and while iterating.
        """


class LogControl(Protocol):
    """The log's blocking calls, for stopping and settling a generation. They never raise."""

    def request_stop(self, session_id: str) -> None:
        """Tells the producer at its next append; without the log it hears of it from the session's record."""

    def text(self, session_id: str, *, epoch: int) -> str | None:
        """See `EventLog.text`."""
