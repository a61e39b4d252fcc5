"""Formats the functions' logs: Powertools' JSON becomes one readable line; Lambda's own lines are dropped.

Only the fields listed here are shown, because none of them contains text of a prompt or an answer. LOGS=json shows all.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from local_stack.terminal.console import Style

_LAMBDAS_OWN = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START ", "INIT_END ")
_FIELDS: Final = (
    *("code", "operation", "state", "answered_from", "kind", "role", "provider", "error.type"),
    *("gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.finish_reasons"),
    *("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
    *("status", "exception_name", "aws_error", "session_id", "gen_ai.conversation.id"),
)
_FAILURE: Final = re.compile(r"RequestId: \S+ (?:Task timed out|Error: )|INIT_REPORT .*\tStatus: (?:timeout|error)")
"""Lambda's own lines about failures, which are shown."""
_MAX_CHARS = 400


def readable(line: str, style: Style) -> str | None:
    """The line to print; None to drop it.

    Lines that are not a logger's JSON object, such as a traceback, are unchanged.
    """
    if line.startswith(_LAMBDAS_OWN):
        return None
    if _FAILURE.match(line):
        return style.bad(line)
    try:
        record = json.loads(line)
    except ValueError:
        return line
    if not isinstance(record, dict):
        return line
    return None if "_aws" in record else _format_record(record, style) or line  # metrics have `_aws`


def _format_record(record: Mapping[str, Any], style: Style) -> str | None:
    """A logger's record as one line; None if it is not a logger's record."""
    level, message = record.get("level"), record.get("message")
    if not isinstance(level, str) or message is None:
        return None
    shown = [f"{name}={_value(record[name])}" for name in _FIELDS if record.get(name) is not None]
    if isinstance(places := record.get("places"), list) and places:
        shown.append(f"at={places[-1]}")
    words = message if isinstance(message, str) else ""
    text = _on_one_line(f"{_time(record)} {level:<7} {words}  {' '.join(shown)}".rstrip())
    if len(text) > _MAX_CHARS:
        text = f"{text[: _MAX_CHARS - 1]}…"
    return style.bad(text) if level in {"ERROR", "CRITICAL"} else text


def _time(record: Mapping[str, Any]) -> str:
    """Converts Powertools' `2026-11-27 05:34:56,191+0000` to this machine's time zone, as in the access log."""
    try:
        at = datetime.strptime(str(record.get("timestamp")), "%Y-%m-%d %H:%M:%S,%f%z")
    except ValueError:
        return "--:--:--"
    return f"{at.astimezone():%H:%M:%S}"


def _on_one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)
