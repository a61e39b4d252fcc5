"""Error fields for log lines."""

from collections.abc import Iterator
from typing import Any

MAX_PLACES = 8


def safe_error_fields(error: BaseException | None) -> dict[str, Any]:
    """The error's type and location. Messages are left out: they may quote a prompt, an answer or a token."""
    chain = list(_chain(error))
    if not chain:
        return {}
    return {
        "exception_name": [type(link).__name__ for link in chain],
        "aws_error": next((code for link in chain if (code := _aws_code(link))), None),
        "places": list(_places(chain[-1]))[-MAX_PLACES:],
    }


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _aws_code(error: BaseException) -> str | None:
    response = getattr(error, "response", None)
    return response.get("Error", {}).get("Code") if isinstance(response, dict) else None


def _places(error: BaseException) -> Iterator[str]:
    frame = error.__traceback__
    while frame is not None:
        yield f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
        frame = frame.tb_next
