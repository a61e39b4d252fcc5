"""Logs of functions as readable lines: Powertools' JSON becomes a line, and Lambda's own lines are left out."""

import json
from collections.abc import Mapping
from typing import Any

from local_stack.console import Style

_LAMBDAS_OWN = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START ", "INIT_END ")
_NOISE = frozenset(
    {
        *("level", "location", "message", "timestamp", "service", "taskName", "xray_trace_id", "places"),
        *("function_arn", "function_memory_size", "function_name", "function_request_id", "cold_start"),
    }
)
"""Fields that say nothing on one machine, or are in the line already."""
_MAX_CHARS = 400


def readable(line: str, style: Style) -> str | None:
    """The line as it is printed; None: it is not.

    Lines that are no JSON object of a logger, such as a traceback, stay as they are.
    """
    if line.startswith(_LAMBDAS_OWN):
        return None
    if not line.startswith("{"):
        return line
    try:
        record = json.loads(line)
    except ValueError:
        return line
    if "_aws" in record:
        return None  # metrics
    level, message = record.get("level"), record.get("message")
    if not isinstance(level, str) or message is None:
        return line
    fields = " ".join(f"{name}={_value(value)}" for name, value in record.items() if name not in _NOISE)
    text = f"{_time(record)} {level:<7} {message}  {fields}".rstrip()
    if len(text) > _MAX_CHARS:
        text = f"{text[: _MAX_CHARS - 1]}…"
    return style.bad(text) if level in {"ERROR", "CRITICAL"} else text


def _time(record: Mapping[str, Any]) -> str:
    """Hours to seconds of Powertools' `2026-11-27 05:34:56,191+0000`."""
    return str(record.get("timestamp", ""))[11:19]


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)
