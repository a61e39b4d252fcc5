"""What the local stack prints of a request."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from local_stack.function_urls.access_log import logged
from local_stack.terminal.console import Style


async def lines(target: str, status: int, *, client_disconnected: bool = False, colours: bool = False) -> list[str]:
    """What is printed, without the time."""
    written: list[str] = []

    async def handle(exchange: Any) -> None:
        exchange.status, exchange.client_disconnected = status, client_disconnected

    serve = logged(
        handle,
        written.append,
        Style(colours=colours),
        is_file=lambda path: path.endswith(".js"),
        function_of=lambda path: "start" if path == "/chat/start" else None,
    )
    exchange: Any = SimpleNamespace(method="GET", target=target, status=0, client_disconnected=False)
    await serve(exchange)
    return [re.sub(r"\d\d:\d\d:\d\d |\d+ ms", "", line) for line in written]


@pytest.mark.parametrize(
    ("target", "status", "line"),
    [
        ("/chat/start?token=secret", 201, "GET /chat/start 201   start"),
        ("/chat/start", 401, "GET /chat/start 401   start  Unauthorized"),
        ("/chat/start", 502, "GET /chat/start 502   start  ERROR Bad Gateway"),
        ("/chat/start", 599, "GET /chat/start 599   start  ERROR"),
        ("/nowhere", 404, "GET /nowhere 404   Not Found"),
        ("/chat/start", 0, "GET /chat/start ---   start"),
        ("/missing.js", 404, "GET /missing.js 404   Not Found"),
    ],
)
async def test_request_is_a_line(target: str, status: int, line: str) -> None:
    assert await lines(target, status) == [line]


async def test_client_disconnect_is_logged() -> None:
    shown = await lines("/chat/start", 200, client_disconnected=True)
    assert shown == ["GET /chat/start 200   start  client disconnected"]


@pytest.mark.parametrize("target", ["/main.js", "/local/dashboard/data"])
async def test_files_and_figures_are_left_out(target: str) -> None:
    assert await lines(target, 200) == []


@pytest.mark.parametrize(("status", "stands_out"), [(200, False), (404, True), (500, True)])
async def test_error_has_a_colour_on_a_terminal(status: int, *, stands_out: bool) -> None:
    (line,) = await lines("/chat/start", status, colours=True)

    assert line.startswith("\033[31m") is stands_out
