"""Reads a stream as an EventSource does, with httpx-sse's decoder."""

import json
from dataclasses import dataclass
from typing import Any

from httpx_sse._decoders import SSEDecoder

TERMINAL = {"done", "error"}


@dataclass(frozen=True, slots=True)
class Event:
    """A dispatched event; `id` is the last event id at that time."""

    id: str
    data: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.data["type"])


def parse(body: bytes) -> list[Event]:
    """The events of a whole stream; a block without data (retry, comments) dispatches none."""
    decoder = SSEDecoder()
    found = [decoder.decode(line) for line in body.decode().split("\n")]
    return [Event(event.id, json.loads(event.data)) for event in found if event is not None and event.data]


def text_of(events: list[Event]) -> str:
    """What the tokens add up to."""
    return "".join(event.data["content"] for event in events if event.type == "token")


def check_stream(events: list[Event]) -> None:
    """What holds for every stream: ids grow (a refusal at the end has none), one terminal event, at the end."""
    ids = [int(event.id) for event in events if event.id]
    assert ids == sorted(ids), ids
    assert len(set(ids[:-1])) == len(ids[:-1]), ids
    assert [event.type in TERMINAL for event in events] == [False] * (len(events) - 1) + [True], events
