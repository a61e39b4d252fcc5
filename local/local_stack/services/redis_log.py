"""Reads the reason for a failed start from redis-server's log."""

import re
from pathlib import Path
from typing import Final

_LINE = re.compile(r"^\d+:\w \d+ \w+ \d+ [\d:.]+ [.*#-] (.+)$")
_DAMAGE: Final = re.compile(
    r"Bad file format reading the append only file"
    r"|Unexpected end of file reading the append only file"
    r"|Unable to obtain the AOF file \S+ length. stat: No such file or directory"
    r"|Invalid AOF manifest file format"
    r"|Wrong RDB checksum|RDB CRC error"
    r"|Wrong signature trying to load DB from file"
    r"|Internal error in RDB reading"
)
"""From aof.c and rdb.c of Redis 7 and 8. Excludes newer formats and files that cannot be opened or read."""


def reports_damage(log: Path) -> bool:
    """True if Redis could read its files but found them corrupt."""
    return any(_DAMAGE.search(message) for message in _messages(log))


def last_message(log: Path) -> str:
    """The most likely reason; empty if nothing was logged."""
    messages = _messages(log)
    return messages[-1] if messages else ""


def _messages(log: Path) -> list[str]:
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return []
    return [match[1] for line in text.splitlines() if (match := _LINE.match(line))]
