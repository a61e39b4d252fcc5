"""A line for each request: when it ended, what it was, and what became of it."""

import time
from collections.abc import Callable
from datetime import datetime

from local_stack.console import Style
from local_stack.http.http1 import Exchange, Handler

_BAD = 400
_QUIET = "/local/"
"""The dashboard asks every few seconds."""


def logged(handle: Handler, write: Callable[[str], None], style: Style, *, is_file: Callable[[str], bool]) -> Handler:
    """`handle`, with a line after each request; for files and the stack's own paths only if they fail."""

    async def serve(exchange: Exchange) -> None:
        began = time.perf_counter()
        path = exchange.target.partition("?")[0]
        try:
            await handle(exchange)
        finally:
            status = exchange.status
            if status >= _BAD or not (path.startswith(_QUIET) or is_file(path)):
                took = _duration(time.perf_counter() - began)
                gone = ", client left" if exchange.client_gone else ""
                now = datetime.now().astimezone()
                line = f"{now:%H:%M:%S} {exchange.method} {path} {status or '---'} {took}{gone}"
                write(style.bad(line) if status >= _BAD else line)

    return serve


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
