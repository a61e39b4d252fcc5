"""Reads a log in order: each character once, although appends are retried, and nothing after a gap."""

from collections.abc import Sequence

from chat.events import TYPING_ID, UNFINISHED_GAP
from chat.redis.log.codec import BrokenLogError, decode, split
from chat.sharing.event_log import LogEntry, TerminalEntry, TextEntry


class LogCursor:
    """The position of one reader in one log. Detects a log that was restarted or that lost entries."""

    def __init__(self, seen: int) -> None:
        """`seen` is the last event id that the reader has received."""
        self._position = max(seen, TYPING_ID)
        self._epoch: int | None = None

    def advance(self, epoch: int, entry: LogEntry) -> LogEntry | None:
        """The unread part of the entry; None if all of it has been read.

        Raises:
            BrokenLogError: the entry does not continue what was read.
        """
        if self._epoch not in {None, epoch}:
            raise BrokenLogError("the log was restarted")
        self._epoch = epoch
        if entry.event_id <= self._position:
            return None
        fresh = self._terminal(entry) if isinstance(entry, TerminalEntry) else self._text(entry)
        self._position = entry.event_id
        return fresh

    def _text(self, entry: TextEntry) -> TextEntry:
        new_chars = entry.event_id - self._position
        if new_chars > len(entry.text):
            raise BrokenLogError("text is missing")
        return TextEntry(entry.event_id, entry.text[-new_chars:])

    def _terminal(self, entry: TerminalEntry) -> TerminalEntry:
        """A completed answer's terminal event directly follows its last character."""
        if self._position + 1 < entry.event_id <= UNFINISHED_GAP:
            raise BrokenLogError("text is missing")
        return entry


def logged_text(reply: Sequence[bytes], epoch: int) -> str | None:
    """The text that `epoch` has written, from the reply of `read.lua` to a read from 0 on; None: it has written none.

    Raises:
        BrokenLogError: the log lacks text, or holds what no producer has written.
    """
    if reply[0] != b"%d" % epoch:
        return None
    reader = LogCursor(seen=0)
    entries = [reader.advance(*decode(*row)) for row in split(reply[1], reply[2])]
    return "".join(entry.text for entry in entries if isinstance(entry, TextEntry)) or None
