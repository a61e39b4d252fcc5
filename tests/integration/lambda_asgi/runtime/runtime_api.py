"""A strict Lambda Runtime API: it parses HTTP itself and records every byte with its time.

Each connection has a thread. What is not framed exactly as it should be ends up in ``violations``, which the fixture
asserts to be empty.
"""

import re
import socket
import struct
import threading
import time
from collections.abc import Mapping
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from integration.lambda_asgi.runtime import extensions_api
from integration.lambda_asgi.runtime.scripted_invocations import (
    PATIENCE_SECONDS,
    Invocation,
    Script,
    event_bytes,
    response_bytes,
)
from integration.lambda_asgi.runtime.strict_reading import FramingError, Reader, Request

PREFIX = "/2018-06-01/runtime/"
DROP = -1


class RuntimeApi:
    """Listens on a free port of the loopback interface."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.violations: list[str] = []
        self.init_errors: SimpleQueue[Request] = SimpleQueue()
        self.polls = 0
        self.connections = 0
        self.restores = 0
        self.extensions = extensions_api.ExtensionsApi()
        self.restore_status = 200
        self._pending: SimpleQueue[Invocation | int] = SimpleQueue()
        self._in_flight: dict[str, Invocation] = {}
        self._polled = threading.Condition()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._count = 0
        self._closing = False
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def invoke(
        self, payload: bytes, headers: Mapping[str, str] | None = None, script: Script | None = None
    ) -> Invocation:
        """Hands an event to the next poller."""
        self._count += 1
        request_id = f"request-{self._count}"
        invocation = Invocation(request_id, payload, headers or {}, script or Script())
        self._in_flight[request_id] = invocation
        self._pending.put(invocation)
        return invocation

    def answer_next(self, status: int) -> None:
        """The next /next fails."""
        self._pending.put(status)

    def wait_for_polls(self, count: int) -> None:
        """Returns when /next has been asked that many times."""
        with self._polled:
            assert self._polled.wait_for(lambda: self.polls >= count, PATIENCE_SECONDS), f"{self.polls} polls"

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        for _ in self._threads:
            self._pending.put(DROP)
        for sock in self._sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join()

    def drop_poller(self) -> None:
        """Closes the connection of a waiting poller, as a restored snapshot finds it."""
        self._pending.put(DROP)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        reader = Reader(sock)
        with sock:
            try:
                while not self._closing and (request := reader.request_head()) is not None:
                    if not self._handle(sock, reader, request):
                        return
            except (ConnectionError, BrokenPipeError) as error:
                if not self._closing:
                    self.violations.append(f"the connection broke: {error!r}")
            except FramingError as error:
                self.violations.append(str(error))

    def _handle(self, sock: socket.socket, reader: Reader, request: Request) -> bool:
        """Whether the connection lives on."""
        if request.path.startswith(extensions_api.PREFIX):
            return self.extensions.handle(sock, reader, request)
        if (request.method, request.path) == ("GET", PREFIX + "invocation/next"):
            return self._send_event(sock)
        if (request.method, request.path) == ("GET", PREFIX + "restore/next"):
            self.restores += 1
            sock.sendall(response_bytes(self.restore_status))
            return True
        if (request.method, request.path) == ("POST", PREFIX + "init/error"):
            reader.read_body(request)
            self.init_errors.put(request)
            sock.sendall(response_bytes(202))
            return True
        match = re.fullmatch(re.escape(PREFIX) + "invocation/([^/]+)/(response|error)", request.path)
        if request.method != "POST" or not match or match[1] not in self._in_flight:
            raise FramingError(f"unexpected request: {request.head!r}")
        return self._receive_answer(sock, reader, request, self._in_flight.pop(match[1]))

    def _send_event(self, sock: socket.socket) -> bool:
        with self._polled:
            self.polls += 1
            self.extensions.calls.append("next")
            self._polled.notify_all()
        invocation = self._pending.get()
        if self._closing or invocation == DROP:
            return False
        if isinstance(invocation, int):
            sock.sendall(response_bytes(invocation, b'{"errorMessage":"no"}'))
            return True
        data = event_bytes(invocation)
        invocation.sent = time.monotonic()
        step = invocation.script.event_pieces or len(data)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(data), step):
            sock.sendall(data[start : start + step])
        if not invocation.script.close_before_answer:
            return True
        sock.close()

        def closed() -> None:
            invocation.closed = True

        invocation.update(closed)
        return False

    def _receive_answer(self, sock: socket.socket, reader: Reader, request: Request, invocation: Invocation) -> bool:
        script = invocation.script

        def begin() -> None:
            invocation.request = request

        def end() -> None:
            invocation.ended = True

        invocation.update(begin)
        if script.read_gate is not None:
            assert script.read_gate.wait(PATIENCE_SECONDS)
        if request.path.endswith("/error"):
            reader.read_body(request)
        else:
            for chunk in reader.chunks(request):
                invocation.update(lambda chunk=chunk: request.chunks.append(chunk))  # type: ignore[misc]
                if len(request.chunks) == script.reset_after_chunks:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    invocation.update(end)
                    return False
                if len(request.chunks) == script.early_after_chunks:
                    sock.sendall(response_bytes(script.status, b"{}", close=not script.early_without_close))
                    invocation.update(end)
                    if script.early_without_close:
                        reader.ignore_until_closed()
                    return False
        if reader.leftover:
            raise FramingError(f"bytes after the request: {reader.leftover!r}")
        sock.sendall(response_bytes(script.status, b'{"status":"OK"}'))
        invocation.update(end)
        return True
