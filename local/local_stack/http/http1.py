"""A small HTTP/1.1 server: h11 for the protocol, asyncio streams for the bytes.

The stack needs two things that application servers do not offer: request body bytes as soon as they arrive, with their
trailer fields, and a way to close a connection in the middle of a response.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus

import h11

Headers = list[tuple[str, str]]
_READ_BYTES = 65536
_MAX_HEAD_BYTES = 2 * 1024 * 1024  # the Runtime API's clients send up to 1 MB of X-Ray causes and errors in fields
_MAX_DISCARDED_BYTES = 16 * 1024 * 1024
_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class BodyTooLargeError(Exception):
    """A request's body exceeds the reader's limit."""


class ClientDisconnectedError(Exception):
    """The client closed the connection before its request was complete."""


class Exchange:
    """One request and its response. Header names are lower case; values are Latin-1."""

    def __init__(self, connection: "_HttpConnection", request: h11.Request) -> None:
        self._connection = connection
        self._sends_body = True
        self.method = request.method.decode("ascii")
        self.target = request.target.decode("ascii")
        self.headers: Headers = [(name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers]
        self.trailers: dict[str, str] = {}
        self.extra_headers: Headers = []
        """Sent in addition to the response's headers."""
        self.started = False
        self.status = 0
        self.client_disconnected = False

    @property
    def client_host(self) -> str:
        return self._connection.client_host

    def header(self, name: str) -> str | None:
        """The first header with that (lower case) name."""
        return next((value for key, value in self.headers if key == name), None)

    async def body(self) -> AsyncIterator[bytes]:
        """Yields the request's body in pieces as they arrive; sets `trailers` at the end.

        Raises:
            ClientDisconnectedError: the connection closed before the end of the body.
        """
        while True:
            pieces, end = await self._connection.receive_body()
            if pieces:
                yield pieces
            if end is not None:
                self.trailers = {name.decode("ascii"): value.decode("latin-1") for name, value in end.headers}
                return

    async def read(self, limit: int) -> bytes:
        """The whole body.

        Raises:
            BodyTooLargeError: the body has more bytes than `limit`.
            ClientDisconnectedError: the connection closed before the end of the body.
        """
        if int(self.header("content-length") or 0) > limit:
            raise BodyTooLargeError
        body = bytearray()
        async for piece in self.body():
            body += piece
            if len(body) > limit:
                raise BodyTooLargeError
        return bytes(body)

    async def start(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Sends status and headers at once. Without a content-length the body is chunked."""
        self.started, self.status = True, status
        self._sends_body = self.method != "HEAD" and status not in _BODILESS
        items = (*headers, *self.extra_headers)
        encoded = [(name.encode("ascii"), value.encode("latin-1", "replace")) for name, value in items]
        await self._send(h11.Response(status_code=status, headers=encoded, reason=_reason(status)))

    async def send(self, data: bytes) -> None:
        """Sends a piece of the body. A disconnected client is not an error: see `client_disconnected`."""
        if data and self._sends_body:
            await self._send(h11.Data(data=data))

    async def finish(self) -> None:
        """Ends the body."""
        await self._send(h11.EndOfMessage())

    async def respond(self, status: int, headers: Mapping[str, str] | Headers, body: bytes = b"") -> None:
        """Sends a complete response."""
        items = list(headers.items()) if isinstance(headers, Mapping) else headers
        if status not in _BODILESS:
            items = [*items, ("content-length", str(len(body)))]
        await self.start(status, items)
        await self.send(body)
        await self.finish()

    def cut(self) -> None:
        """Closes the connection in the middle of the response; bytes already sent still arrive."""
        self._connection.close()

    async def _send(self, event: h11.Event) -> None:
        if not self.client_disconnected:
            self.client_disconnected = not await self._connection.send(event)


def _reason(status: int) -> bytes:
    return HTTPStatus(status).phrase.encode() if status in set(HTTPStatus) else b""


Handler = Callable[[Exchange], Awaitable[None]]


class _HttpConnection:
    """One client connection, which serves requests in sequence."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
        peer = writer.get_extra_info("peername")
        self.client_host: str = peer[0] if isinstance(peer, tuple) else ""

    async def serve(self, handler: Handler) -> None:
        try:
            while True:
                event = await self._next_event()
                if not isinstance(event, h11.Request):
                    return
                exchange = Exchange(self, event)
                await handler(exchange)
                if not await self._ready_for_next():
                    return
                self._http.start_next_cycle()
        except h11.RemoteProtocolError as error:
            await self._refuse(error)
        except (ClientDisconnectedError, ConnectionError):
            pass
        finally:
            self.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    async def receive_body(self) -> tuple[bytes, h11.EndOfMessage | None]:
        """The body bytes received so far, at least one byte or the end."""
        pieces: list[bytes] = []
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Data):
                pieces.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                return b"".join(pieces), event
            elif pieces:
                return b"".join(pieces), None
            elif event is h11.NEED_DATA:
                await self._receive()
            else:
                raise ClientDisconnectedError

    async def send(self, event: h11.Event) -> bool:
        """Sends the event; False if the client has disconnected."""
        data = self._http.send(event)
        if self._writer.is_closing():
            return False
        try:
            if data:
                self._writer.write(data)
                await self._writer.drain()
        except ConnectionError:
            return False
        return True

    def close(self) -> None:
        self._writer.close()

    async def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            await self._receive()
        return event

    async def _receive(self) -> None:
        if self._http.they_are_waiting_for_100_continue:
            await self.send(h11.InformationalResponse(status_code=HTTPStatus.CONTINUE, headers=[]))
        data = await self._reader.read(_READ_BYTES)
        if not data and self._http.their_state is h11.SEND_BODY:
            raise ClientDisconnectedError
        self._http.receive_data(data)

    async def _ready_for_next(self) -> bool:
        """Discards the unread body: closing before that would reset the connection and lose the response."""
        discarded = 0
        while self._http.their_state is h11.SEND_BODY and discarded < _MAX_DISCARDED_BYTES:
            pieces, _ = await self.receive_body()
            discarded += len(pieces)
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _refuse(self, error: h11.RemoteProtocolError) -> None:
        if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            body = f"{error}\n".encode()
            headers = [("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(body)))]
            await self.send(
                h11.Response(status_code=error.error_status_hint, headers=[*headers, ("connection", "close")])
            )
            await self.send(h11.Data(data=body))
            await self.send(h11.EndOfMessage())


async def serve(listener: socket.socket, handler: Handler) -> asyncio.Server:
    """Serves on a bound socket until the server is closed."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _HttpConnection(reader, writer).serve(handler)

    return await asyncio.start_server(connected, sock=listener, limit=_READ_BYTES * 4)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 selects a free port. Connections wait in the backlog until it is served.

    Raises:
        OSError: the address is in use or does not belong to this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only if the protocol is given.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def free_port() -> int:
    """A currently free port of 127.0.0.1, for a program that cannot select one itself."""
    with bind("127.0.0.1", 0) as listener:
        return int(listener.getsockname()[1])
