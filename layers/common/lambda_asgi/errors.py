"""Error reports: a document for the Runtime API and a log line on stderr.

The document's fields are those of AWS's Python runtime client: ``errorType``, ``errorMessage``, ``stackTrace``.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any


_MESSAGE_LIMIT = 8192
"""In characters. The document is sent in a header field, and Lambda's size limit for those is undocumented."""
_FRAME_LIMIT = 50
_HERE = __file__.removesuffix("errors.py")


class InitError(Exception):
    """The function failed to start; ``error_type`` is one of Lambda's ``Runtime.*`` names."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class ResponseMissingError(RuntimeError):
    """The application returned without sending a response."""


class ResponseIncompleteError(RuntimeError):
    """The application returned before its response was complete."""


def describe(error: BaseException) -> dict[str, Any]:
    """The error document, without the leading stack frames of this package."""
    from traceback import format_tb

    name, origin = type(error).__name__, error
    if isinstance(error, InitError):
        name, origin = error.error_type, error.__cause__ or error
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - an exception's own __str__ may raise
        message = "(the message is unavailable: __str__ raised)"
    return {
        "errorType": name,
        "errorMessage": message[:_MESSAGE_LIMIT],
        "stackTrace": format_tb(_application_frames(origin.__traceback__), -_FRAME_LIMIT),
    }


def _application_frames(traceback: TracebackType | None) -> TracebackType | None:
    frames = traceback
    while frames and frames.tb_frame.f_code.co_filename.startswith(_HERE):
        frames = frames.tb_next
    return frames or traceback


def encode(document: dict[str, Any]) -> bytes:
    """Encodes the document as ASCII JSON."""
    import json

    return json.dumps(document).encode()


def log(message: str, *, request_id: str | None = None, **fields: object) -> None:
    """Writes one line of JSON to stderr. Callers must not pass data of the request or the response."""
    from time import gmtime, strftime

    entry = {"timestamp": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()), "level": "ERROR", "message": message}
    if request_id is not None:
        entry["requestId"] = request_id
    sys.stderr.write(encode({**entry, **fields}).decode() + "\n")
    sys.stderr.flush()
