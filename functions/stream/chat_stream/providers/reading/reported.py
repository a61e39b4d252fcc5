"""Detects errors that a provider reports within a stream, in every known shape."""

from typing import Any

from chat_stream.providers.failures.translation import MalformedEventError, ReportedError
from chat_stream.providers.reading.event_stream import ServerEvent, json_of

_ERROR = "error"


def value_of(event: ServerEvent) -> Any:
    """The value of the event's JSON data.

    Raises:
        MalformedEventError: the data is not JSON.
        ReportedError: the event is an error, by its name, its `type` (Anthropic), its `object` (vLLM), or an `error`
            field.
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
