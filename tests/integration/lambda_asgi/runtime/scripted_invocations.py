"""Events for a runtime, what is to happen to each of them, and what came of it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from integration.lambda_asgi.runtime.strict_reading import Chunk, Request

PATIENCE_SECONDS = 20.0


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
    """The response's body is not read before this is set."""


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
        """Returns when the response has started."""
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


def event_bytes(invocation: Invocation) -> bytes:
    """The answer to /next that hands the invocation over."""
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


def response_bytes(status: int, body: bytes = b"", *, close: bool = False) -> bytes:
    """Any other answer of the API."""
    connection = b"Connection: close\r\n" if close else b""
    return b"HTTP/1.1 %d Whatever\r\n%bContent-Length: %d\r\n\r\n%b" % (status, connection, len(body), body)
