"""What tests do with an event log."""

import asyncio
from collections.abc import Sequence

from chat.events import TYPING_ID, terminal_id
from chat.sharing.event_log import EventLog, LogEntry, TerminalEntry, TextEntry


def entries_of(chunks: Sequence[str], *, done: bool = True) -> list[LogEntry]:
    """What a producer writes for an answer that came in these chunks."""
    text, entries = "", list[LogEntry]()
    for chunk in chunks:
        text += chunk
        entries.append(TextEntry(TYPING_ID + len(text), chunk))
    if done:
        entries.append(TerminalEntry(terminal_id(text, completed=True), {"type": "done"}))
    return entries


async def read_to_end(log: EventLog, session_id: str, *, seen: int = 0) -> list[LogEntry]:
    """What a follower is given up to the terminal entry."""
    read: list[LogEntry] = []
    async with asyncio.timeout(20), log.follow(session_id, seen=seen) as entries:
        async for entry in entries:
            if entry is not None:
                read.append(entry)
            if isinstance(entry, TerminalEntry):
                break
    return read


async def read_what_is_there(log: EventLog, session_id: str, *, seen: int = 0) -> list[LogEntry]:
    """What a follower is given before it has to wait."""
    read: list[LogEntry] = []
    async with asyncio.timeout(20), log.follow(session_id, seen=seen) as entries:
        async for entry in entries:
            if entry is None:
                break
            read.append(entry)
    return read


def text_of(entries: Sequence[LogEntry]) -> str:
    return "".join(entry.text for entry in entries if isinstance(entry, TextEntry))
