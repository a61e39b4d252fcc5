"""Reads a runtime's requests by the letter: one spelling of every element is right, any other is an error."""

import base64
import json
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

NULS = bytes(8)
"""Between an answer's prelude and its body."""


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


class Reader:
    """Reads one connection, buffered."""

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

    def chunks(self, request: Request) -> Iterator[Chunk]:
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
