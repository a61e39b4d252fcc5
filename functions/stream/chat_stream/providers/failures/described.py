"""Safe log fields of a failure: statuses and identifiers, never a provider's free text."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from chat_stream.providers.failures.broken_connection import broken_connection
from chat_stream.providers.failures.translation import kinds_of

if TYPE_CHECKING:
    import httpx2

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_MEDIA_TYPE = re.compile(r"[a-z]{1,32}/[a-z0-9.+-]{1,64}")
_REQUEST_ID_HEADERS = ("request-id", "x-request-id", "x-amzn-requestid")


def described(error: Exception | None, response: "httpx2.Response | None") -> dict[str, Any]:
    """The log fields of a failure. Each value may be None."""
    headers: Mapping[str, str] = {} if response is None else response.headers
    request_ids = _identifiers(headers[name] for name in _REQUEST_ID_HEADERS if name in headers)
    media_type = _MEDIA_TYPE.match(headers.get("content-type", "").lower())
    return {
        "http_status": None if response is None else response.status_code,
        "media_type": media_type and media_type[0],
        "provider_request_id": next(iter(request_ids), None),
        "provider_error": (error and _identifiers(kinds_of(error))) or None,
        "connection": error and broken_connection(error),
    }


def _identifiers(values: Iterable[str]) -> list[str]:
    return [value for value in values if _IDENTIFIER.fullmatch(value)]
