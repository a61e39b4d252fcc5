"""Log lines for sessions that the cleanup ends or fails to end."""

from typing import Any

from aws_lambda_powertools import Logger

from chat.error_fields import safe_error_fields
from chat.metrics import fields
from chat.sessions.index import IndexEntry
from chat_cleanup.resolution import Resolution

_ENDED = {Resolution.EXPIRED: "session expired", Resolution.SETTLED: "session settled"}

logger = Logger()


def log_end(entry: IndexEntry, resolution: Resolution) -> None:
    """Logs a session that this run removed or settled. Other resolutions are not logged."""
    if (message := _ENDED.get(resolution)) is not None:
        logger.info(message, **_entry_fields(entry.session_id, entry))


def log_failure(session_id: str | None, entry: IndexEntry | None, error: Exception) -> None:
    """Logs a failure to read or end a session. `session_id` and `entry` are None if they are unknown."""
    logger.warning("cleanup failure", **_entry_fields(session_id, entry), **safe_error_fields(error))


def _entry_fields(session_id: str | None, entry: IndexEntry | None) -> dict[str, Any]:
    found = {fields.SESSION_ID: session_id, fields.CONVERSATION_ID: None if entry is None else entry.chat_id}
    return {name: value for name, value in found.items() if value is not None}
