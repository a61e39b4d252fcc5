"""The access log: one line for each request, written when it has finished."""

import time
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Final

from local_stack.http.http1 import Exchange, Handler
from local_stack.terminal.console import Style

_BAD: Final = HTTPStatus.BAD_REQUEST
_FAILED: Final = HTTPStatus.INTERNAL_SERVER_ERROR
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}
_QUIET = "/local/"
"""Paths that the dashboard polls every few seconds."""


def logged(
    handle: Handler,
    write: Callable[[str], None],
    style: Style,
    *,
    is_file: Callable[[str], bool],
    function_of: Callable[[str], str | None],
) -> Handler:
    """Wraps `handle` to log each request; requests for files and the stack's own paths only if they fail.

    `function_of` returns the name of the function that serves a path.
    """

    async def serve(exchange: Exchange) -> None:
        started = time.perf_counter()
        path = exchange.target.partition("?")[0]
        try:
            await handle(exchange)
        finally:
            status = exchange.status
            if status >= _BAD or not (path.startswith(_QUIET) or is_file(path)):
                took = _duration(time.perf_counter() - started)
                disconnected = "client disconnected" if exchange.client_disconnected else ""
                words = [function_of(path) or "", _remark(status), disconnected]
                rest = "".join(f"  {word}" for word in words if word)
                now = datetime.now().astimezone()
                line = f"{now:%H:%M:%S} {exchange.method} {path} {status or '---'} {took}{rest}"
                write(style.bad(line) if status >= _BAD else line)

    return serve


def _remark(status: int) -> str:
    """The status phrase of a failure, visible without colours."""
    if status < _BAD:
        return ""
    phrase = _PHRASES.get(status, "")
    return f"ERROR {phrase}".rstrip() if status >= _FAILED else phrase


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
