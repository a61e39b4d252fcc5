"""The way of an event to the client: a streaming ASGI response, with pings in silence."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chat import events

BURST = 64
"""Writes after which the event loop gets its turn, so that a source that never waits holds nothing back."""


class EventWriter:
    """Sends a stream's bytes; a client that has gone changes nothing for the one who writes."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._writes = 0
        self._gone = False
        self.last_write = self._loop.time()

    async def write(self, data: bytes) -> None:
        """Sends complete events. The first leaves at once, later ones at the latest after `BURST` writes."""
        if self._gone:
            return
        try:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
        except OSError:
            self._gone = True
            return
        self.last_write = self._loop.time()
        if self._writes % BURST == 0:
            await asyncio.sleep(0)
        self._writes += 1

    async def ping_in_silence(self, seconds: float) -> None:
        """Sends a comment whenever nothing was sent for so long; runs until cancelled."""
        while True:
            silence = self._loop.time() - self.last_write
            if silence >= seconds:
                await self.write(events.PING)
                silence = 0
            await asyncio.sleep(seconds - silence)


class EventStream(Response):
    """A `text/event-stream` answer whose body is written by a coroutine function."""

    def __init__(self, body: Callable[[EventWriter], Awaitable[None]], *, ping_seconds: float) -> None:
        super().__init__(None, media_type=events.MEDIA_TYPE, headers=events.HEADERS)
        del self.headers["content-length"]
        self._body = body
        self._ping_seconds = ping_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        writer = EventWriter(send)
        pings = asyncio.create_task(writer.ping_in_silence(self._ping_seconds))
        try:
            await self._body(writer)
        finally:
            pings.cancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
