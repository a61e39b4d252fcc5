"""Clients in Python: httpx-sse, and an EventSource by the letter of the HTML standard."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import httpx_sse

from clients.answers import Answer

ENOUGH_REQUESTS = 6


@dataclass
class Outcome:
    """What a client reads of an answer whose connection is cut once."""

    text: str = ""
    finished: bool = False
    requests: int = 0
    faults: list[str] = field(default_factory=list)

    def take(self, data: str) -> None:
        """What an application does with a message."""
        try:
            event = json.loads(data)
        except ValueError:
            self.faults.append(f"not JSON: {data}" if data else "a message without data")
            return
        self.text += event["content"] if event["type"] == "token" else ""
        self.finished = self.finished or event["type"] == "done"


type Message = tuple[str, str]
"""Data and last event id."""


def read(messages: Callable[[bytes], Iterator[Message]], answer: Answer, cut: int) -> Outcome:
    """Reads the answer up to the cut, and comes back for the rest with the last event id."""
    outcome, last_event_id = Outcome(), ""
    body: bytes | None = answer.stream[:cut]
    while body is not None and not outcome.finished and outcome.requests < ENOUGH_REQUESTS:
        outcome.requests += 1
        for data, event_id in messages(body):
            last_event_id = event_id or last_event_id
            outcome.take(data)
        body = answer.rests[last_event_id]
    return outcome


def httpx_messages(body: bytes) -> Iterator[Message]:
    pieces = (body[start : start + 7] for start in range(0, len(body), 7))
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=pieces)
    for event in httpx_sse.EventSource(response).iter_sse():
        yield event.data, event.id


def standard_messages(body: bytes) -> Iterator[Message]:
    """Section 9.2.6 of the HTML standard, "Interpreting an event stream": what a browser does.

    An event and its id count when the blank line at its end has come; an incomplete event is discarded.
    """
    data, event_id = "", ""
    lines = body.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line in lines[:-1]:  # the last one has no end
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield data.removesuffix("\n"), event_id
            data = ""
        elif name == "data":
            data += value + "\n"
        elif name == "id" and "\0" not in value:
            event_id = value
