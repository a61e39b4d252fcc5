"""A keep-alive connection to the Runtime API. This is the only module that does I/O."""

from __future__ import annotations

import asyncio
import socket

from lambda_asgi.wire import MalformedResponseError, Response, ResponseParser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


_RECEIVE_BYTES = 65536


class Address:
    """Host and port from ``AWS_LAMBDA_RUNTIME_API`` (``host:port``, IPv6 in brackets)."""

    def __init__(self, authority: str) -> None:
        host, _, port = authority.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.field = authority.encode()

    def connect(self) -> socket.socket:
        """Returns a connected, blocking socket. Connecting does not block for long: the peer is on the same machine."""
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            # Nagle's algorithm would delay a token until the previous one is acknowledged.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect((self._host, self._port))
        except OSError:
            sock.close()
            raise
        return sock


def exchange(address: Address, request: bytes) -> Response:
    """Sends one request on a separate connection and blocks until the response. Used outside of invocations."""
    with address.connect() as sock:
        sock.sendall(request)
        parser = ResponseParser()
        while True:
            data = sock.recv(_RECEIVE_BYTES)
            if not data:
                raise ConnectionResetError("the Runtime API closed the connection")
            if response := parser.feed(data):
                return response


class Connection:
    """Sends requests one at a time and passes each response or failure to a callback.

    Writes never raise. If the peer disconnects, the callback receives the error and later writes are dropped.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, address: Address) -> None:
        self._loop = loop
        self._address = address
        self._sock: socket.socket | None = None
        self._parser = ResponseParser()
        self._done: Callable[[Response | Exception], None] | None = None
        self.unsent = bytearray()
        """Bytes that the socket has not accepted yet; empty unless the peer reads more slowly than the app writes."""
        self._all_sent = asyncio.Event()

    def request(self, data: bytes, done: Callable[[Response | Exception], None]) -> None:
        """Starts a request, on a new connection if necessary. ``write`` sends more of its body.

        Raises:
            OSError: the connection failed; ``done`` is not called.
        """
        if self._sock is None:
            self._sock = self._address.connect()
            self._sock.setblocking(False)
            self._loop.add_reader(self._sock, self._readable)
        self._parser = ResponseParser()
        self._done = done
        self.write(data)

    def write(self, data: bytes) -> None:
        """Sends immediately, and buffers the bytes that the socket does not accept (see ``drain``)."""
        if self.unsent:
            self.unsent += data
            return
        if self._sock is None:
            return
        try:
            sent = self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            return  # the reader receives the cause: an early response or a reset
        if sent < len(data):
            self.unsent += memoryview(data)[sent:]
            self._all_sent.clear()
            self._loop.add_writer(self._sock, self._writable)

    async def drain(self) -> None:
        """Waits until all bytes are sent, or the connection is closed."""
        while self.unsent:
            await self._all_sent.wait()

    def close(self) -> None:
        """Closes the connection and abandons the request in flight; its callback is not called."""
        self._done = None
        sock, self._sock = self._sock, None
        if sock is not None:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)
            sock.close()
        self.unsent.clear()
        self._all_sent.set()

    def _writable(self) -> None:
        sock = self._sock
        if sock is None:
            return
        try:
            sent = sock.send(self.unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            sent = len(self.unsent)
        del self.unsent[:sent]
        if not self.unsent:
            self._loop.remove_writer(sock)
            self._all_sent.set()

    def _readable(self) -> None:
        if self._sock is None:
            return
        try:
            data = self._sock.recv(_RECEIVE_BYTES)
            if not data:
                raise ConnectionResetError("the Runtime API closed the connection")
            response = self._parser.feed(data) if self._done else None
        except (BlockingIOError, InterruptedError):
            return
        except (OSError, MalformedResponseError) as error:
            done = self._done
            self.close()
            if done:
                done(error)
            return
        if response is not None and (done := self._done):
            if response.closes:
                self.close()
            self._done = None
            done(response)
