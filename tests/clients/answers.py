"""One answer as the service streams it, and what it sends to a client that comes back for the rest."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chat import events
from chat.messages import Usage
from chat_stream.writer import EventStream, EventWriter

CHUNKS = ("Grüße, ", "wie geht's €5\r\n\r\n", 'data: "1"\nid: 9\n', "🌍 zum Schluß")
"""With characters of two, three and four bytes, and text that looks like the protocol."""
TEXT = "".join(CHUNKS)
TERMINAL_ID = events.terminal_id(TEXT, completed=True)
NEVER_SECONDS = 3600.0


@dataclass(frozen=True)
class Answer:
    stream: bytes
    """All of it, with pings between events and one inside an event."""
    rests: dict[str, bytes | None]
    """By the last event id: what is sent to a client that has seen it; None: 204, nothing is left."""

    def as_json(self) -> str:
        rests = {seen: None if rest is None else base64.b64encode(rest).decode() for seen, rest in self.rests.items()}
        return json.dumps({"stream": base64.b64encode(self.stream).decode(), "rests": rests})


async def build() -> Answer:
    ids = [events.TYPING_ID + sum(map(len, CHUNKS[: count + 1])) for count in range(len(CHUNKS))]
    tokens = [events.token(event_id, text) for event_id, text in zip(ids, CHUNKS, strict=True)]
    stream = await _written([events.typing(), events.PING, tokens[0], tokens[1], events.PING, *tokens[2:], _done()])
    rests: dict[str, bytes | None] = {"": await _written([events.typing(), *events.unseen(TEXT, 0), _done()])}
    for seen in (events.TYPING_ID, *ids):
        rests[str(seen)] = await _written([*events.unseen(TEXT, seen), events.PING, _done()])
    rests[str(TERMINAL_ID)] = None
    return Answer(_with_a_ping_inside(stream, tokens[2]), rests)


def _done() -> bytes:
    usage = Usage(input_tokens=9, output_tokens=5)
    data = events.done_data(message_id="01J", finish_reason="stop", usage=usage, cached=False, saved_usd=None)
    return events.terminal(TERMINAL_ID, data)


async def _written(parts: Iterable[bytes]) -> bytes:
    """The bytes as they leave the stream function."""
    sent = bytearray()

    async def send(message: Any) -> None:
        sent.extend(message.get("body", b""))

    async def receive() -> Any:
        raise NotImplementedError

    async def body(writer: EventWriter) -> None:
        for part in parts:
            await writer.write(part)

    await EventStream(body, ping_seconds=NEVER_SECONDS)({"type": "http"}, receive, send)
    return bytes(sent)


def _with_a_ping_inside(stream: bytes, event: bytes) -> bytes:
    """What a proxy may make of it: a comment is allowed between any two lines."""
    first_line, newline, others = event.partition(b"\n")
    assert event in stream
    return stream.replace(event, first_line + newline + events.PING + others)
