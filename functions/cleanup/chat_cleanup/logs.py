"""What the logs say of single sessions: the last that is heard of them."""

from typing import Any

from aws_lambda_powertools import Logger

from chat.error_fields import cause_of
from chat.metrics import fields
from chat.session_index import IndexEntry
from chat_cleanup.resolution import Fate

_ENDED = {Fate.EXPIRED: "session expired", Fate.SETTLED: "session settled"}

logger = Logger()


def tell_end(entry: IndexEntry, fate: Fate) -> None:
    """A session, if it has been ended."""
    if (message := _ENDED.get(fate)) is not None:
        logger.info(message, **_facts(entry.session_id, entry))


def tell_failure(session_id: str | None, entry: IndexEntry | None, error: Exception) -> None:
    """A session that could not be ended, as far as it is known which one."""
    logger.warning("cleanup failure", **_facts(session_id, entry), **cause_of(error))


def _facts(session_id: str | None, entry: IndexEntry | None) -> dict[str, Any]:
    found = {fields.SESSION_ID: session_id, fields.CONVERSATION_ID: None if entry is None else entry.chat_id}
    return {name: value for name, value in found.items() if value is not None}
