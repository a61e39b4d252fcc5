"""A streaming ASGI response for Server-Sent Events, with a ping when the stream is silent.

Writes never wait for the client: they go to a buffer, and a separate task sends the buffer. A client that reads slowly
or sleeps delays only itself.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chat import events

BURST = 64
"""Every `BURST` writes the writer yields to the event loop, so that the text of a source that never waits is sent."""

SEND_BYTES = 65536
STALL_SECONDS = 30.0
"""After the end of the stream, a client that reads nothing for this long is disconnected. It can resume."""


class EventWriter:
    """Buffers a stream's bytes and sends them as fast as the client reads them."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._ready = asyncio.Event()
        self._begun = False
        self._closed = False
        self._writes = 0
        self._last_write = self._loop.time()
        self._sends = 0

    async def write(self, data: bytes) -> None:
        """Buffers a whole event or a ping. The first is sent immediately, later ones within `BURST` writes."""
        if not self._begun and data is not events.PING:
            self._begun, data = True, events.first(data)
        self._buffer += data
        self._ready.set()
        self._last_write = self._loop.time()
        if self._writes % BURST == 0:
            await asyncio.sleep(0)
        self._writes += 1

    def end(self) -> None:
        """Marks the stream as complete, so that the response can end before other work is done."""
        self._closed = True
        self._ready.set()

    async def send(self) -> None:
        """Sends the buffer until `end` is called, then ends the response."""
        while True:
            await self._ready.wait()
            self._ready.clear()
            while self._buffer:
                data = bytes(self._buffer[:SEND_BYTES])
                del self._buffer[:SEND_BYTES]
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
                self._sends += 1
            if self._closed:
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
                return

    async def close(self, sending: asyncio.Task[None], stall_seconds: float = STALL_SECONDS) -> None:
        """Ends the stream and waits until the buffer is sent, or until the client has read nothing for `stall_seconds`.

        Ignores an `OSError` of the connection: the client is gone.
        """
        self.end()
        while not sending.done():
            before = self._sends
            await asyncio.wait({sending}, timeout=stall_seconds)
            if self._sends == before:
                sending.cancel()
                await asyncio.wait({sending})
        if not sending.cancelled() and not isinstance(error := sending.exception(), OSError | None):
            raise error

    async def ping_in_silence(self, seconds: float) -> None:
        """Writes a ping whenever nothing was written for `seconds`. Runs until cancelled."""
        while True:
            silence = self._loop.time() - self._last_write
            if silence >= seconds:
                await self.write(events.PING)
                silence = 0
            await asyncio.sleep(seconds - silence)


class EventStream(Response):
    """A `text/event-stream` response whose body is written by a coroutine function."""

    def __init__(self, body: Callable[[EventWriter], Awaitable[None]], *, ping_seconds: float) -> None:
        super().__init__(None, media_type=events.MEDIA_TYPE, headers=events.HEADERS)
        del self.headers["content-length"]
        self._body = body
        self._ping_seconds = ping_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        writer = EventWriter(send)
        sending = asyncio.create_task(writer.send())
        pings = asyncio.create_task(writer.ping_in_silence(self._ping_seconds))
        try:
            await self._body(writer)
        finally:
            pings.cancel()
            await writer.close(sending)
