"""What the logs say of single sessions: the last that is heard of them."""

from typing import Any

from aws_lambda_powertools import Logger

from chat.error_fields import safe_error_fields
from chat.metrics import fields
from chat.sessions.index import IndexEntry
from chat_cleanup.resolution import Resolution

_ENDED = {Resolution.EXPIRED: "session expired", Resolution.SETTLED: "session settled"}

logger = Logger()


def log_end(entry: IndexEntry, resolution: Resolution) -> None:
    """A session, if it has been ended."""
    if (message := _ENDED.get(resolution)) is not None:
        logger.info(message, **_facts(entry.session_id, entry))


def log_failure(session_id: str | None, entry: IndexEntry | None, error: Exception) -> None:
    """A session that could not be ended, as far as it is known which one."""
    logger.warning("cleanup failure", **_facts(session_id, entry), **safe_error_fields(error))


def _facts(session_id: str | None, entry: IndexEntry | None) -> dict[str, Any]:
    found = {fields.SESSION_ID: session_id, fields.CONVERSATION_ID: None if entry is None else entry.chat_id}
    return {name: value for name, value in found.items() if value is not None}
