"""Logs of functions as readable lines: Powertools' JSON becomes a line, and Lambda's own lines are left out.

Only the fields that are named here are shown: none of them holds text of a prompt or of an answer, and one that is new
to a function is shown by LOGS=json until it is named here.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from local_stack.console import Style

_LAMBDAS_OWN = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START ", "INIT_END ")
_FIELDS: Final = (
    *("code", "operation", "state", "answered_from", "kind", "role", "provider", "error.type"),
    *("gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.finish_reasons"),
    *("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
    *("status", "exception_name", "aws_error", "session_id", "gen_ai.conversation.id"),
)
_FAILURE: Final = re.compile(r"RequestId: \S+ (?:Task timed out|Error: )|INIT_REPORT .*\tStatus: (?:timeout|error)")
"""Lambda's own lines on what went wrong."""
_MAX_CHARS = 400


def readable(line: str, style: Style) -> str | None:
    """The line as it is printed; None: it is not.

    Lines that are no JSON object of a logger, such as a traceback, stay as they are.
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
    return None if "_aws" in record else _of_record(record, style) or line  # metrics have `_aws`


def _of_record(record: Mapping[str, Any], style: Style) -> str | None:
    """None: a logger did not write it."""
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
    """Powertools' `2026-11-27 05:34:56,191+0000` in this machine's time zone, as requests have it."""
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
