"""Decodes Server-Sent Events: bytes in, events out.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation. The SDKs' own decoders know
no byte order mark and no limit, and take blocks without data for events.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from chat_stream.providers.failures.translation import MalformedEventError

MAX_EVENT_BYTES = 16 * 2**20
"""Of one event, several times the longest answer: an event that never ends does not fill the memory."""

_LINE_BYTES = 64
"""Of an empty line of data."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FIELDS = frozenset({b"", b"data", b"event", b"id", b"retry"})


class ServerEvent(NamedTuple):
    """One event; `name` may be empty, `data` has more than white space."""

    name: str
    data: str


class EventStreamDecoder:
    """Decodes one response; it may be cut anywhere."""

    def __init__(self) -> None:
        self._begun = False
        self._after_cr = False
        self._pending = bytearray()
        self._name = b""
        self._data: list[bytes] = []
        self._size = 0
        self.foreign = False
        """Something came that stands in no event stream, such as JSON or HTML."""

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """The events that end within `chunk`.

        Raises:
            MalformedEventError: an event is not UTF-8, or too long.
        """
        for line in self._lines(chunk):
            if line:
                self._field(line)
            elif (event := self._event()) is not None:
                yield event

    def end(self) -> None:
        """The response has ended; an event that has not is none."""
        if self._pending:
            self._field(bytes(self._pending))

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that end within `chunk`, by CR, LF or both."""
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
    """The decoded value of an event's data.

    Raises:
        MalformedEventError: not JSON, or nested too deeply.
    """
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        raise MalformedEventError from error
    except (ValueError, RecursionError) as error:
        return _json_with_long_numbers(data, error)


def _json_with_long_numbers(data: str, error: Exception) -> Any:
    """Python makes no integer of thousands of digits. As a count nobody believes it; the rest of the event counts."""
    try:
        return json.loads(data, parse_int=float)
    except (ValueError, RecursionError):
        raise MalformedEventError from error
