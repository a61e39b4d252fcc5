"""Parses Server-Sent Events as they arrive (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from smoke_checks.http_client import TimedChunk

TERMINAL = {"done", "error"}


@dataclass(frozen=True, slots=True)
class Event:
    """An event. `at` is when it was complete, in seconds since the request was sent; `id` is 0 if it has none."""

    at: float
    id: int
    data: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.data.get("type", ""))

    @property
    def text(self) -> str:
        """The text of a token event; empty for others."""
        return str(self.data.get("content", "")) if self.type == "token" else ""


def read_events(pieces: Iterable[TimedChunk]) -> Iterator[Event]:
    """Yields the events of a stream, each as soon as it is complete.

    Raises:
        ValueError: an event is malformed.
    """
    rest = b""
    for piece in pieces:
        *blocks, rest = (rest + piece.data).split(b"\n\n")
        for block in blocks:
            event = _parse(piece.at, block.decode())
            if event is not None:
                yield event


def text_of(events: Iterable[Event]) -> str:
    """The concatenated text of the token events."""
    return "".join(event.text for event in events)


def _parse(at: float, block: str) -> Event | None:
    fields: dict[str, str] = {}
    for line in block.split("\n"):
        name, _, value = line.partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
    if "data" not in fields:
        return None
    data = json.loads(fields["data"])
    if not isinstance(data, dict):
        raise ValueError("an event's data is not a JSON object")  # noqa: TRY004  # bad data, not a programming error
    return Event(at, int(fields.get("id", "0")), data)
