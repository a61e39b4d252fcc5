"""A Lambda Runtime API that believes nothing: it reads HTTP by itself and notes every byte and when it came.

Each connection has a thread. What is not framed exactly as it should be ends up in ``violations``, which the fixture
asserts to be empty.
"""

import base64
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

PREFIX = "/2018-06-01/runtime/"
PATIENCE_SECONDS = 20.0
NULS = bytes(8)
DROP = -1


class FramingError(Exception):
    """The runtime's bytes are not what the protocol asks for."""


@dataclass(frozen=True)
class Chunk:
    data: bytes
    arrived: float
    """time.monotonic(), which all processes of one machine share."""


@dataclass
class Request:
    """One request of the runtime, as far as it has come."""

    method: str
    path: str
    head: bytes
    headers: dict[str, str]
    chunks: list[Chunk] = field(default_factory=list)
    trailers: dict[str, str] | None = None
    body: bytes = b""
    """Of a request with a content-length."""

    @property
    def payload(self) -> bytes:
        return b"".join(chunk.data for chunk in self.chunks)

    @property
    def prelude(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.payload.partition(NULS)[0])
        return document

    @property
    def stream(self) -> bytes:
        """The body of the answer, after the prelude."""
        return self.payload.partition(NULS)[2]

    @property
    def error(self) -> dict[str, Any]:
        """The error document, from the body or from the trailers."""
        if self.trailers:
            document = base64.b64decode(self.trailers["lambda-runtime-function-error-body"], validate=True)
        else:
            document = self.body
        error: dict[str, Any] = json.loads(document)
        return error


@dataclass(frozen=True)
class Script:
    """How the API treats one invocation, where that is not the usual way."""

    status: int = 202
    early_after_chunks: int | None = None
    """Answers (and closes) when that many chunks have come."""
    early_without_close: bool = False
    """That answer leaves the connection open, but the rest of the body is ignored."""
    reset_after_chunks: int | None = None
    """Resets the connection, as Lambda does at the deadline."""
    close_before_answer: bool = False
    """Closes the connection right after the event."""
    announce_close: bool = False
    """Says so in the event's headers."""
    event_pieces: int | None = None
    """Sends the event in pieces of that many bytes."""
    event_chunked: bool = False
    read_gate: threading.Event | None = None
    """Reads nothing of the answer's body before this is set."""


class Invocation:
    """One event and what came of it."""

    def __init__(self, request_id: str, payload: bytes, headers: Mapping[str, str], script: Script) -> None:
        self.request_id = request_id
        self.payload = payload
        self.headers = headers
        self.script = script
        self.sent = 0.0
        self.request: Request | None = None
        self.ended = False
        self.closed = False
        self._changed = threading.Condition()

    def update(self, change: Callable[[], None]) -> None:
        with self._changed:
            change()
            self._changed.notify_all()

    def wait_for_chunks(self, count: int) -> list[Chunk]:
        """The first chunks, as soon as there are that many."""
        with self._changed:
            enough = self._changed.wait_for(lambda: len(self._chunks()) >= count, PATIENCE_SECONDS)
            assert enough, f"{len(self._chunks())} chunks came, not {count}: {self._chunks()}"
            return self._chunks()[:count]

    def wait_for_head(self) -> None:
        """Returns when the answer has begun."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.request is not None, PATIENCE_SECONDS), "no answer"

    def wait_until_closed(self) -> None:
        """Returns when the connection has been closed as the script says."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.closed, PATIENCE_SECONDS), "the event was not sent"

    def result(self) -> Request:
        """The whole answer."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.ended, PATIENCE_SECONDS), f"no answer: {self.request}"
            assert self.request is not None
            return self.request

    def _chunks(self) -> list[Chunk]:
        return self.request.chunks if self.request else []


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
        reader = _Reader(sock)
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

    def _handle(self, sock: socket.socket, reader: "_Reader", request: Request) -> bool:
        """Whether the connection lives on."""
        if (request.method, request.path) == ("GET", PREFIX + "invocation/next"):
            return self._send_event(sock)
        if (request.method, request.path) == ("GET", PREFIX + "restore/next"):
            self.restores += 1
            sock.sendall(_response(self.restore_status))
            return True
        if (request.method, request.path) == ("POST", PREFIX + "init/error"):
            reader.read_body(request)
            self.init_errors.put(request)
            sock.sendall(_response(202))
            return True
        match = re.fullmatch(re.escape(PREFIX) + "invocation/([^/]+)/(response|error)", request.path)
        if request.method != "POST" or not match or match[1] not in self._in_flight:
            raise FramingError(f"unexpected request: {request.head!r}")
        return self._receive_answer(sock, reader, request, self._in_flight.pop(match[1]))

    def _send_event(self, sock: socket.socket) -> bool:
        with self._polled:
            self.polls += 1
            self._polled.notify_all()
        invocation = self._pending.get()
        if self._closing or invocation == DROP:
            return False
        if isinstance(invocation, int):
            sock.sendall(_response(invocation, b'{"errorMessage":"no"}'))
            return True
        data = _event(invocation)
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

    def _receive_answer(self, sock: socket.socket, reader: "_Reader", request: Request, invocation: Invocation) -> bool:
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
                    sock.sendall(_response(script.status, b"{}", close=not script.early_without_close))
                    invocation.update(end)
                    if script.early_without_close:
                        reader.ignore_until_closed()
                    return False
        if reader.leftover:
            raise FramingError(f"bytes after the request: {reader.leftover!r}")
        sock.sendall(_response(script.status, b'{"status":"OK"}'))
        invocation.update(end)
        return True


def _event(invocation: Invocation) -> bytes:
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
        "Lambda-Runtime-Deadline-Ms": "1893456000000",
        "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:f",
        "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1",
        **invocation.headers,
    }
    payload = invocation.payload
    if invocation.script.announce_close:
        headers["Connection"] = "close"
    if invocation.script.event_chunked:
        headers["Transfer-Encoding"] = "chunked"
        half = len(payload) // 2
        body = b"".join(b"%X;ext=1\r\n%b\r\n" % (len(part), part) for part in (payload[:half], payload[half:]) if part)
        body += b"0\r\nSome-Trailer: x\r\n\r\n"
    else:
        headers["Content-Length"] = str(len(payload))
        body = payload
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    return b"HTTP/1.1 200 OK\r\n" + lines.encode("latin-1") + b"\r\n" + body


def _response(status: int, body: bytes = b"", *, close: bool = False) -> bytes:
    connection = b"Connection: close\r\n" if close else b""
    return b"HTTP/1.1 %d Whatever\r\n%bContent-Length: %d\r\n\r\n%b" % (status, connection, len(body), body)


class _Reader:
    """Buffered and strict: one spelling of every element is right, any other is a violation."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.leftover = b""
        self._arrived = 0.0

    def request_head(self) -> Request | None:
        """The next request's head; None when the runtime has closed the connection between requests."""
        if not self.leftover and not self._fill():
            return None
        head = self._until(b"\r\n\r\n")
        request_line, *lines = head[:-4].decode("ascii").split("\r\n")
        match = re.fullmatch(r"(GET|POST) (/\S*) HTTP/1\.1", request_line)
        if not match:
            raise FramingError(f"bad request line: {request_line!r}")
        return Request(match[1], match[2], head, self._fields(lines))

    def read_body(self, request: Request) -> None:
        length = int(request.headers["content-length"])
        while len(self.leftover) < length:
            self._need_more()
        request.body, self.leftover = self.leftover[:length], self.leftover[length:]

    def chunks(self, request: Request) -> "list[Chunk] | Any":
        """The chunks as they come; at the end the request's trailers are set."""
        if request.headers.get("transfer-encoding") != "chunked" or "content-length" in request.headers:
            raise FramingError(f"not chunked: {request.head!r}")
        while (line := self._until(b"\r\n")) != b"0\r\n":
            if not re.fullmatch(rb"[1-9a-f][0-9a-f]*\r\n", line):
                raise FramingError(f"bad chunk size: {line!r}")
            size = int(line, 16)
            while len(self.leftover) < size + 2:
                self._need_more()
            data, ending, self.leftover = (
                self.leftover[:size],
                self.leftover[size : size + 2],
                self.leftover[size + 2 :],
            )
            if ending != b"\r\n":
                raise FramingError(f"a chunk of {size} bytes ends with {ending!r}")
            yield Chunk(data, self._arrived)
        lines = []
        while (line := self._until(b"\r\n")) != b"\r\n":
            lines.append(line[:-2].decode("ascii"))
        request.trailers = self._fields(lines)

    def ignore_until_closed(self) -> None:
        """Takes everything until the runtime closes the connection."""
        while self._fill():
            self.leftover = b""

    def _fields(self, lines: list[str]) -> dict[str, str]:
        fields: dict[str, str] = {}
        for line in lines:
            match = re.fullmatch(r"([A-Za-z-]+): (\S|\S[ -~]*\S)", line)
            if not match or match[1].lower() in fields:
                raise FramingError(f"bad field: {line!r}")
            fields[match[1].lower()] = match[2]
        return fields

    def _until(self, end: bytes) -> bytes:
        while end not in self.leftover:
            self._need_more()
        taken, _, self.leftover = self.leftover.partition(end)
        return taken + end

    def _need_more(self) -> None:
        if not self._fill():
            raise FramingError(f"the connection ended in the middle of a request: {self.leftover!r}")

    def _fill(self) -> bool:
        try:
            data = self._sock.recv(1 << 20)
        except ConnectionResetError:
            data = b""
        self._arrived = time.monotonic()
        self.leftover += data
        return bool(data)
