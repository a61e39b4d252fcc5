"""Decodes Server-Sent Events: bytes in, events out.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation. The SDKs' own decoders do
not handle a byte order mark, have no size limit, and yield events for blocks without data.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from chat_stream.providers.failures.translation import MalformedEventError

MAX_EVENT_BYTES = 16 * 2**20
"""The largest event, several times the longest answer. The limit keeps an endless event from filling the memory."""

_LINE_BYTES = 64
"""The estimated memory of an empty data line."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FIELDS = frozenset({b"", b"data", b"event", b"id", b"retry"})


class ServerEvent(NamedTuple):
    """One event. `name` may be empty; `data` is never blank."""

    name: str
    data: str


class EventStreamDecoder:
    """Decodes one response from chunks, which may split it at any byte."""

    def __init__(self) -> None:
        self._begun = False
        self._after_cr = False
        self._pending = bytearray()
        self._name = b""
        self._data: list[bytes] = []
        self._size = 0
        self.foreign = False
        """Whether the response has lines that no event stream has, such as JSON or HTML."""

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """Yields the events that end within `chunk`.

        Raises:
            MalformedEventError: an event is not UTF-8, or is too large.
        """
        for line in self._lines(chunk):
            if line:
                self._field(line)
            elif (event := self._event()) is not None:
                yield event

    def end(self) -> None:
        """Ends the response. Discards an incomplete event, but checks its last line for `foreign`."""
        if self._pending:
            self._field(bytes(self._pending))

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        """Yields the lines that end within `chunk`, with CR, LF or CRLF."""
        if not chunk:
            return
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
        self._after_cr = chunk.endswith(b"\r")
        for ended in chunk.splitlines(keepends=True):
            line = ended.rstrip(b"\r\n")
            if len(line) == len(ended):
                self._limit(len(line))
                self._pending += line
                return
            if self._pending:
                line = bytes(self._pending + line)
                self._pending.clear()
            if not self._begun:
                self._begun = True
                line = line.removeprefix(_BYTE_ORDER_MARK)
            yield line

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            value = value.removeprefix(b" ")
            self._limit(len(value))
            self._data.append(value)
            self._size += len(value) + _LINE_BYTES
        elif name == b"event":
            self._name = value.removeprefix(b" ")
        elif name not in _FIELDS:
            self.foreign = True

    def _event(self) -> ServerEvent | None:
        name, data = self._name, b"\n".join(self._data)
        self._name = b""
        self._data.clear()
        self._size = 0
        if not data.strip():
            return None
        try:
            return ServerEvent(name.decode(), data.decode())
        except UnicodeDecodeError as error:
            raise MalformedEventError from error

    def _limit(self, more: int) -> None:
        if self._size + len(self._pending) + more > MAX_EVENT_BYTES:
            raise MalformedEventError


def json_of(data: str) -> Any:
    """The value of an event's JSON data.

    Raises:
        MalformedEventError: the data is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        raise MalformedEventError from error
    except (ValueError, RecursionError) as error:
        return _json_with_long_numbers(data, error)


def _json_with_long_numbers(data: str, error: Exception) -> Any:
    """Parses integers as floats, because Python refuses integers of thousands of digits.

    Such a number is implausible as a token count, but the rest of the event is still used.
    """
    try:
        return json.loads(data, parse_int=float)
    except (ValueError, RecursionError):
        raise MalformedEventError from error
