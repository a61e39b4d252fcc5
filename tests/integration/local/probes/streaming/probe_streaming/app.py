"""A streaming function that does what the request's path says, and waits for files where a test needs to keep step."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Query = dict[str, str]


async def app(scope: Scope, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
    if scope["type"] == "http":
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        await ACTIONS[scope["path"].rpartition("/")[2]](query, send)


async def start(send: Send, status: int = 200, *headers: tuple[bytes, bytes]) -> None:
    headers = ((b"content-type", b"text/event-stream"), *headers)
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


async def write(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def gate(query: Query, name: str = "gate") -> None:
    while not Path(query[name]).exists():  # noqa: ASYNC240  # a test's own file
        await asyncio.sleep(0.005)


async def gated(query: Query, send: Send) -> None:
    """The process id; then, when the gate is open, the rest; then the file `done` is made."""
    await start(send, 200, (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"))
    await write(send, b"%d\n" % os.getpid())
    await gate(query)
    await write(send, b"rest\n", more=False)
    if "done" in query:
        Path(query["done"]).touch()  # noqa: ASYNC240  # a test's own file


async def stamps(query: Query, send: Send) -> None:
    """The time at which each chunk was sent."""
    await start(send)
    for _ in range(int(query["count"])):
        await write(send, b"%d\n" % time.time_ns())
        await asyncio.sleep(float(query["gap"]))
    await write(send, b"", more=False)


async def large(query: Query, send: Send) -> None:
    await start(send)
    for number in range(20):
        await write(send, bytes([number]) * 1_000_000)
    await write(send, b"", more=False)


async def empty(query: Query, send: Send) -> None:
    await start(send, 204)
    await write(send, b"", more=False)


async def raised(query: Query, send: Send) -> None:
    raise RuntimeError("the probe's own error")


async def raised_within(query: Query, send: Send) -> None:
    await start(send)
    await write(send, b"some\n")
    if "gate" in query:
        await gate(query)
    raise RuntimeError("the probe's own error")


async def left_within(query: Query, send: Send) -> None:
    await start(send)
    await write(send, b"some\n")
    await gate(query)
    os._exit(3)


ACTIONS: dict[str, Callable[[Query, Send], Awaitable[None]]] = {
    function.__name__: function for function in (gated, stamps, large, empty, raised, raised_within, left_within)
}
