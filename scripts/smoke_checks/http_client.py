"""An HTTP client that records the arrival time of each piece of a response, which client libraries hide.

It opens a connection for each request, so that it also detects a proxy that buffers until the connection closes.
"""

import contextlib
import http.client
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 20.0
"""Read timeout: an idle stream sends a comment every 15 s."""

_PIECE_BYTES = 65536


class OutOfTimeError(Exception):
    """The deadline of the whole test has passed."""


@dataclass(frozen=True, slots=True)
class CompleteResponse:
    """A complete response. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def json(self) -> dict[str, Any]:
        """The parsed body.

        Raises:
            ValueError: the body is not a JSON object.
        """
        document = json.loads(self.body)
        if not isinstance(document, dict):
            raise ValueError("the answer is not a JSON object")  # noqa: TRY004  # bad data, not a programming error
        return document

    def code(self) -> str:
        """The `code` of a problem document; empty for other bodies."""
        with contextlib.suppress(ValueError):
            return str(self.json().get("code", ""))
        return ""


@dataclass(frozen=True, slots=True)
class TimedChunk:
    """Received bytes and their arrival time in seconds since the request was sent."""

    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class OpenResponse:
    """A response whose body is still arriving."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[TimedChunk]


@dataclass(slots=True)
class HttpClient:
    """Sends and counts requests until `deadline` (monotonic clock)."""

    deadline: float
    requests: int = field(default=0, init=False)

    def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> CompleteResponse:
        """Sends a request and reads the complete response.

        Raises:
            OSError, http.client.HTTPException: the request failed.
            OutOfTimeError: the deadline has passed.
        """
        started = time.monotonic()
        with self.open(method, url, headers, body) as answer:
            whole = b"".join(piece.data for piece in answer.pieces)
        return CompleteResponse(answer.status, answer.headers, whole, time.monotonic() - started)

    @contextlib.contextmanager
    def open(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Iterator[OpenResponse]:
        """Sends a request and yields the response as it arrives; closes the connection when the context exits."""
        self.requests += 1
        connection = _connection(url, min(CONNECT_SECONDS, self._left()))
        try:
            connection.connect()
            connection.sock.settimeout(min(SILENCE_SECONDS, self._left()))
            parts = urlsplit(url)
            sent = time.monotonic()
            connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, {**headers})
            response = connection.getresponse()
            lower = {name.lower(): value for name, value in response.getheaders()}
            yield OpenResponse(response.status, lower, self._pieces(response, sent))
        finally:
            connection.close()

    def _pieces(self, response: http.client.HTTPResponse, sent: float) -> Iterator[TimedChunk]:
        while data := response.read1(_PIECE_BYTES):
            yield TimedChunk(time.monotonic() - sent, data)
            self._left()

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise OutOfTimeError("the deadline of the whole test has passed")
        return left


def _connection(url: str, timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=timeout)
