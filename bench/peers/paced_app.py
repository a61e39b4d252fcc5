"""An application that sends tokens at a pace, each with the time at which it was sent."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}
COUNT = 60
PACE_SECONDS = 0.05


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Sends 60 tokens, one each 50 ms; a token is the monotonic clock in nanoseconds, the same for all processes."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        return
    await send(START)
    loop = asyncio.get_running_loop()
    started = loop.time()
    for number in range(COUNT):
        await asyncio.sleep(started + number * PACE_SECONDS - loop.time())
        body = b"data: %d\n\n" % time.monotonic_ns()
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body"})
