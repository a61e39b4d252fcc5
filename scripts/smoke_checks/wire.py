"""HTTP by the piece: when each part of an answer came, which a client library would hide.

A connection a request: what a proxy holds back until a connection ends, it holds back here too.
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
"""A service that sends nothing for so long has failed: a stream sends a comment every 15 s."""

_PIECE_BYTES = 65536


class OutOfTimeError(Exception):
    """The time for the whole test is over."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def json(self) -> dict[str, Any]:
        """The body.

        Raises:
            ValueError: it is not a JSON object.
        """
        document = json.loads(self.body)
        if not isinstance(document, dict):
            raise ValueError("the answer is not a JSON object")  # noqa: TRY004  # a matter of what was sent
        return document

    def code(self) -> str:
        """The `code` of a problem document; empty if this is none."""
        with contextlib.suppress(ValueError):
            return str(self.json().get("code", ""))
        return ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes, and when they came: seconds since the request was sent."""

    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class OpenAnswer:
    """An answer whose body is still coming."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[Piece]


@dataclass(slots=True)
class Wire:
    """Sends requests until `deadline` (of the monotonic clock), and counts them."""

    deadline: float
    requests: int = field(default=0, init=False)

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """A request and its whole answer.

        Raises:
            OSError, http.client.HTTPException: there is no answer.
            OutOfTimeError: see there.
        """
        started = time.monotonic()
        with self.open(method, url, headers, body) as answer:
            whole = b"".join(piece.data for piece in answer.pieces)
        return Answer(answer.status, answer.headers, whole, time.monotonic() - started)

    @contextlib.contextmanager
    def open(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Iterator[OpenAnswer]:
        """The same with the body as it comes; leaving it cuts the connection."""
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
            yield OpenAnswer(response.status, lower, self._pieces(response, sent))
        finally:
            connection.close()

    def _pieces(self, response: http.client.HTTPResponse, sent: float) -> Iterator[Piece]:
        while data := response.read1(_PIECE_BYTES):
            yield Piece(time.monotonic() - sent, data)
            self._left()

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise OutOfTimeError("the time for the whole test is over")
        return left


def _connection(url: str, timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=timeout)
