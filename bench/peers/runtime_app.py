"""The bare ASGI application that is measured; bench/peers/node/handler.mjs is the same in JavaScript."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

COUNT = 500
CONTENT = "text chunk"
encode = json.JSONEncoder(separators=(",", ":")).encode
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")],
}


def token() -> bytes:
    """An event, its JSON document made for each token."""
    return f"data: {encode({'type': 'token', 'content': CONTENT})}\n\n".encode()


TOKEN = token()


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Sends 500 tokens: one a turn of the loop ("turns"), one each 5 ms ("paced"), or all at once ("burst").

    The bytes are ready, or with "-json" made of a document for each token.
    """
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        return
    # The Web Adapter parses the query, and writes a name without a value with an equals sign.
    workload, _, source = scope["query_string"].rstrip(b"=").partition(b"-")
    await send(START)
    for _ in range(COUNT):
        await send({"type": "http.response.body", "body": token() if source else TOKEN, "more_body": True})
        if workload == b"turns":
            await asyncio.sleep(0)
        elif workload == b"paced":
            await asyncio.sleep(0.005)
    await send({"type": "http.response.body"})
