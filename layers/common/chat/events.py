"""The SSE events of a stream, as bytes (https://html.spec.whatwg.org/multipage/server-sent-events.html).

Ids count characters. `typing` is 1; a token event's id is 1 plus the number of characters (code points) of the answer
up to and including that token; the terminal event's is greater than all of them. So an id says exactly which text a
client has, whatever the sizes of the chunks it came in, and any stored answer can be resumed at any id with nothing
else kept.
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
OPENING = b"retry: %d\n\n" % RETRY_MS
PING = b": ping\n\n"

TYPING_ID = 1
UNFINISHED_GAP = 1_000_000
"""How much further on the terminal id of an answer stands that was not completed: what is stored of it is the last
checkpoint, and clients may have seen text beyond that."""

REPLAY_CHARS = 4096
"""Characters in one event of a replay."""


def typing() -> bytes:
    return b'id: 1\ndata: {"type":"typing"}\n\n'


def token(event_id: int, text: str) -> bytes:
    """`text` holds no lone surrogates."""
    return f'id: {event_id}\ndata: {{"type":"token","content":{_json_string(text)}}}\n\n'.encode()


def done_data(
    *, message_id: str | None, finish_reason: str, usage: Usage | None, cached: bool, saved_usd: float | None
) -> dict[str, Any]:
    """The data of the event `done`; `saved_usd` only of an answer that the provider was not asked for."""
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
    return {"type": "error", "code": failure.code, "message": failure.message, "retryable": failure.retryable}


def terminal(event_id: int, data: Mapping[str, Any]) -> bytes:
    """The event that ends a stream."""
    return b"id: %d\ndata: %b\n\n" % (event_id, _json(data))


def refusal(failure: Failure) -> bytes:
    """The only event of a stream that is refused. It has no id: it says nothing about what a client has seen."""
    return b"data: " + _json(error_data(failure)) + b"\n\n"


def terminal_id(text: str, *, completed: bool) -> int:
    """The id of the event that ends a stream of `text`."""
    return TYPING_ID + len(text) + 1 + (0 if completed else UNFINISHED_GAP)


def unseen(text: str, last_event_id: int) -> Iterator[bytes]:
    """Token events for what a client that saw `last_event_id` lacks of `text`."""
    start = max(last_event_id - TYPING_ID, 0)
    for at in range(start, len(text), REPLAY_CHARS):
        chunk = text[at : at + REPLAY_CHARS]
        yield token(TYPING_ID + at + len(chunk), chunk)


def unseen_of(text: str, event_id: int, seen: int) -> str | None:
    """What a client that saw `seen` lacks of a piece that ends at `event_id`; None: what comes before it is lacking."""
    have = max(seen, TYPING_ID) - (event_id - len(text))
    return None if have < 0 else text[have:]


def parse_last_event_id(value: str | None) -> int:
    """What a client has seen; nothing: 0.

    Raises:
        InvalidRequestError: `invalid_last_event_id`: not a number that this service ever sent.
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
