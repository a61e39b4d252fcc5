"""Encodes the event log's entries: one field each, whose name gives the type of its value."""

import json
from collections.abc import Iterable, Iterator

from chat.events import REPLAY_CHARS
from chat.redis.breaker.breaker import InvalidReplyError
from chat.sharing.event_log import LogEntry, TerminalEntry, TextEntry

TEXT = b"t"
TERMINAL = b"e"


class BrokenLogError(InvalidReplyError):
    """The log is incomplete, or holds an entry that its producer cannot have written."""


def encode(entry: LogEntry) -> tuple[int, bytes, bytes]:
    """Event id, field and value."""
    if isinstance(entry, TextEntry):
        return entry.event_id, TEXT, entry.text.encode()
    return entry.event_id, TERMINAL, json.dumps(entry.data, ensure_ascii=False, separators=(",", ":")).encode()


def decode(entry_id: bytes, name: bytes, value: bytes) -> tuple[int, LogEntry]:
    """The epoch, and the entry.

    Raises:
        BrokenLogError: it is written by other software.
    """
    try:
        event_id, epoch = map(int, entry_id.split(b"-"))
        if name == TEXT:
            return epoch, TextEntry(event_id, value.decode())
        data = json.loads(value)
    except ValueError as error:
        raise BrokenLogError("an entry cannot be read") from error
    if name != TERMINAL or not isinstance(data, dict):
        raise BrokenLogError("an entry of another kind")
    return epoch, TerminalEntry(event_id, data)


def split(heads: bytes, values: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Splits the reply of `read.lua` into entry id, field and value of each entry."""
    at = 0
    for head in heads.splitlines():
        entry_id, name, size = head.split(b" ")
        yield entry_id, name, values[at : at + int(size)]
        at += int(size)


def joined(entries: Iterable[LogEntry]) -> Iterator[LogEntry]:
    """Splits text into entries of the size of a replay's events."""
    texts: list[str] = []
    chars = last_id = 0
    for entry in entries:
        if texts and (isinstance(entry, TerminalEntry) or chars >= REPLAY_CHARS):
            yield TextEntry(last_id, "".join(texts))
            texts, chars = [], 0
        if isinstance(entry, TerminalEntry):
            yield entry
            continue
        texts.append(entry.text)
        chars += len(entry.text)
        last_id = entry.event_id
    if texts:
        yield TextEntry(last_id, "".join(texts))
