"""The event log of a generation: the text so far, for followers. It may fail at any time."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol


class LogUnavailableError(Exception):
    """The log does not reply or refuses: continue without it."""


@dataclass(frozen=True, slots=True)
class TextEntry:
    """A piece of the answer. `event_id` is the id of its last character (see `chat.events`)."""

    event_id: int
    text: str


@dataclass(frozen=True, slots=True)
class TerminalEntry:
    """The end of the answer, appended after it is stored: id and data of the terminal event."""

    event_id: int
    data: Mapping[str, Any]


type LogEntry = TextEntry | TerminalEntry


class AppendResult(Enum):
    """The outcome of an append."""

    CONTINUE = auto()
    STOP = auto()
    """The user has asked for a stop."""
    LOST = auto()
    """A later epoch has written to the log: the lease is lost and nothing was appended."""
    GAP = auto()
    """The log lacks earlier entries of this producer and nothing was appended: append everything again."""


class EventLog(Protocol):
    """One log for each generation, named by its session."""

    async def append(self, session_id: str, *, epoch: int, after: int = 0, entries: Sequence[LogEntry]) -> AppendResult:
        """Appends in one round trip; without entries it only returns the status. A new epoch empties the log.

        `after` is the id of the last entry that the producer knows to be in the log, 0 for none: a log that ends
        earlier has lost entries. Entries up to the log's last one are skipped, so an append whose reply was lost can
        be retried.

        Raises:
            LogUnavailableError: it may or may not have been appended.
        """

    async def text(self, session_id: str, *, epoch: int) -> str | None:
        """The text that this epoch has written; None if there is none or the log cannot be read. Never raises."""

    def follow(self, session_id: str, *, seen: int) -> AbstractAsyncContextManager[AsyncIterator[LogEntry | None]]:
        """Yields entries with ids greater than `seen` as they are appended, on a separate connection.

        Yields None after each second without entries. The first text entry may begin before `seen`.

        Raises:
            LogUnavailableError: on entering the context or while iterating.
        """


class LogControl(Protocol):
    """The blocking calls of the log, to stop and settle a generation. They never raise."""

    def request_stop(self, session_id: str) -> None:
        """The producer's next append returns `STOP`. Without the log it reads the stop from the session's record."""

    def text(self, session_id: str, *, epoch: int) -> str | None:
        """See `EventLog.text`."""
