"""The SSE events of a stream, as bytes (https://html.spec.whatwg.org/multipage/server-sent-events.html).

The lines of an event are in the order `data`, `retry`, `id`. A browser dispatches an event at its final blank line;
some clients store the id as soon as they read its line. With the id last, those lose no text either if the connection
is cut inside an event. They also treat a block without data as a message, so `retry` has no separate block and a ping
is one comment line without a blank line.

Ids count characters. `typing` is 1; a token event's id is 1 plus the number of characters (code points) of the answer
up to and including that token; the terminal event's is greater than all of them. So an id states exactly which text a
client has, independent of chunk sizes, and a stored answer can be resumed at any id without further records.
"""

import json
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring as _json_string
from typing import Any

from chat.errors import InvalidRequestError
from chat.messages import Usage
from chat.sessions import Failure

MEDIA_TYPE = "text/event-stream"
HEADERS = {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no"}
RETRY_MS = 2000
"""How long a client waits before it reconnects."""
NEVER_RETRY_MS = 24 * 3600 * 1000
"""How long a client that does not close the stream waits after a permanent refusal."""
PING = b": ping\n"

TYPING_ID = 1
UNFINISHED_GAP = 1_000_000
"""Added to the terminal id of an incomplete answer: its stored text ends at the last checkpoint, and clients may have
seen text beyond that."""

REPLAY_CHARS = 4096
"""Characters in one event of a replay."""


def typing() -> bytes:
    return b'data: {"type":"typing"}\nid: 1\n\n'


def first(event: bytes) -> bytes:
    """A stream's first event; with an id, it also sets the client's reconnection time."""
    data, line, event_id = event.rpartition(b"\nid: ")
    return b"%b\nretry: %d\nid: %b" % (data, RETRY_MS, event_id) if line else event


def token(event_id: int, text: str) -> bytes:
    """`text` must not contain lone surrogates."""
    return f'data: {{"type":"token","content":{_json_string(text)}}}\nid: {event_id}\n\n'.encode()


def done_data(
    *, message_id: str | None, finish_reason: str, usage: Usage | None, cached: bool, saved_usd: float | None
) -> dict[str, Any]:
    """The data of the event `done`; `saved_usd` only for an answer without a provider call."""
    return {
        "type": "done",
        "messageId": message_id,
        "finishReason": finish_reason,
        "cached": cached,
        **({"savedUsd": saved_usd} if cached else {}),
        "usage": None if usage is None else {"inputTokens": usage.input_tokens, "outputTokens": usage.output_tokens},
    }


def error_data(failure: Failure) -> dict[str, Any]:
    """The data of the event `error`."""
    data = {"type": "error", "code": failure.code, "message": failure.message, "retryable": failure.retryable}
    return data if failure.retry_after_seconds is None else data | {"retryAfterSeconds": failure.retry_after_seconds}


def terminal(event_id: int, data: Mapping[str, Any]) -> bytes:
    """The event that ends a stream."""
    return b"data: %b\nid: %d\n\n" % (_json(data), event_id)


def refusal(failure: Failure) -> bytes:
    """The only event of a refused stream. It has no id, so the client's Last-Event-ID stays.

    `retry` is for clients that do not close the stream: they reconnect when a retry may succeed.
    """
    retry_ms = NEVER_RETRY_MS
    if failure.retryable:
        retry_ms = max(RETRY_MS, (failure.retry_after_seconds or 0) * 1000)
    return b"data: %b\nretry: %d\n\n" % (_json(error_data(failure)), retry_ms)


def terminal_id(text: str, *, completed: bool) -> int:
    """The id of the event that ends a stream of `text`."""
    return TYPING_ID + len(text) + 1 + (0 if completed else UNFINISHED_GAP)


def ends(event_id: int, last_event_id: int) -> bool:
    """Whether a client that saw `last_event_id` has all text before the terminal event."""
    ahead = event_id - max(last_event_id, TYPING_ID)
    # A client may have more of an interrupted answer than is stored.
    return ahead == 1 or UNFINISHED_GAP // 2 < ahead <= UNFINISHED_GAP + 1


def unseen(text: str, last_event_id: int) -> Iterator[bytes]:
    """Token events for the part of `text` after `last_event_id`."""
    start = max(last_event_id - TYPING_ID, 0)
    for at in range(start, len(text), REPLAY_CHARS):
        chunk = text[at : at + REPLAY_CHARS]
        yield token(TYPING_ID + at + len(chunk), chunk)


def unseen_of(text: str, event_id: int, seen: int) -> str | None:
    """The unseen rest of a piece that ends at `event_id`, for a client that saw `seen`; None after a gap."""
    have = max(seen, TYPING_ID) - (event_id - len(text))
    return None if have < 0 else text[have:]


def parse_last_event_id(value: str | None) -> int:
    """The id that a client has seen; 0 if none.

    Raises:
        InvalidRequestError: `invalid_last_event_id`: not an id that this service could have sent.
    """
    if not value:
        return 0
    if not (value.isascii() and value.isdigit() and len(value) <= 15):  # noqa: PLR2004  # below 2^53
        raise InvalidRequestError(
            "The last event id is not one of this stream.", code="invalid_last_event_id", status=400
        )
    return int(value)


def _json(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
