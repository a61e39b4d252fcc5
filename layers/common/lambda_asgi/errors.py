"""What is said of an error: the document for the Runtime API, and one line on stderr.

The document's fields are those of AWS's Python runtime client: ``errorType``, ``errorMessage``, ``stackTrace``.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any


_MESSAGE_LIMIT = 8192
"""Characters: the document travels in a header field, and Lambda's own limit for those is unknown."""
_FRAME_LIMIT = 50
_HERE = __file__.removesuffix("errors.py")


class InitError(Exception):
    """The function cannot start; ``error_type`` is one of Lambda's ``Runtime.*`` names."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class ResponseMissingError(RuntimeError):
    """The application returned without a response."""


class ResponseIncompleteError(RuntimeError):
    """The application returned before it had sent the whole response."""


def describe(error: BaseException) -> dict[str, Any]:
    """The error as Lambda shows it, without the frames of this package that led to the application."""
    from traceback import format_tb

    name, origin = type(error).__name__, error
    if isinstance(error, InitError):
        name, origin = error.error_type, error.__cause__ or error
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - an exception's own __str__ may be broken, and this must not be
        message = "(its message cannot be shown)"
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
    """The document in ASCII."""
    import json

    return json.dumps(document).encode()


def log(message: str, *, request_id: str | None = None, **fields: object) -> None:
    """One line of JSON on stderr; the caller passes nothing of the request or of the answer."""
    from time import gmtime, strftime

    entry = {"timestamp": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()), "level": "ERROR", "message": message}
    if request_id is not None:
        entry["requestId"] = request_id
    sys.stderr.write(encode({**entry, **fields}).decode() + "\n")
    sys.stderr.flush()
