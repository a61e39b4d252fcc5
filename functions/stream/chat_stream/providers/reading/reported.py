"""Errors that a provider reports within a stream, in all the shapes that are seen."""

from typing import Any

from chat_stream.providers.failures.translation import MalformedEventError, ReportedError
from chat_stream.providers.reading.event_stream import ServerEvent, json_of

_ERROR = "error"


def value_of(event: ServerEvent) -> Any:
    """The event's decoded data.

    Raises:
        MalformedEventError: not JSON.
        ReportedError: it is an error: by its name, its `type` (Anthropic), its `object` (vLLM), or a member `error`.
    """
    if event.name == _ERROR:
        raise _reported(_value_or_none(event.data))
    value = json_of(event.data)
    if isinstance(value, dict) and (value.get("error") or value.get("type") == _ERROR or value.get("object") == _ERROR):
        raise _reported(value)
    return value


def _value_or_none(data: str) -> Any:
    try:
        return json_of(data)
    except MalformedEventError:
        return None


def _reported(value: Any) -> ReportedError:
    if not isinstance(value, dict):
        return ReportedError()
    error = value.get("error") or value
    if not isinstance(error, dict):
        return ReportedError()
    return ReportedError(*(error.get(name) for name in ("code", "type", "status")))
