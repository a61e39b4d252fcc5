"""The decoder of event streams, at any cut."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_stream.providers.failures.translation import MalformedEventError
from chat_stream.providers.reading.event_stream import MAX_EVENT_BYTES, EventStreamDecoder, ServerEvent, json_of

EVENTS = [ServerEvent("a", "1"), ServerEvent("", "zwei 😀\nlines"), ServerEvent("", "3")]
STREAM = (
    b"\xef\xbb\xbf: hello\n\nevent: a\ndata: 1\n\nid: 7\nretry: 1\n\n"
    b"data: zwei \xf0\x9f\x98\x80\ndata:lines\n\ndata\n\ndata: 3\n\n"
)

_PIECES = [
    b"data",
    b"event",
    b"id",
    b":",
    b" ",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"{}",
    "ü".encode(),
    b"\xef\xbb\xbf",
    b"x",
]


def _decoded(*chunks: bytes) -> list[ServerEvent]:
    decoder = EventStreamDecoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    decoder.end()
    return events


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\n"])
def test_events_are_the_same_at_every_cut(line_end: bytes) -> None:
    stream = STREAM.replace(b"\n", line_end)
    for cut in range(len(stream) + 1):
        assert _decoded(stream[:cut], stream[cut:]) == EVENTS
    assert _decoded(*(bytes([byte]) for byte in stream)) == EVENTS


@settings(deadline=None)
@given(st.lists(st.sampled_from(_PIECES)).map(b"".join), st.lists(st.integers(0, 200)))
def test_cuts_never_matter(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[begin:end] for begin, end in itertools.pairwise(edges)]
    assert _decoded(*pieces) == _decoded(stream)


def test_event_at_the_limit_is_read_and_a_longer_one_is_not() -> None:
    longest = b"x" * (MAX_EVENT_BYTES - len(b"data: "))
    assert _decoded(b"data: " + longest + b"\n\n")[0].data == longest.decode()
    with pytest.raises(MalformedEventError):
        _decoded(b"data: " + longest + b"xxxxxxx\n\n")


@pytest.mark.parametrize("chunk", [b"x" * 2**20, b"data: x\n" * 2**17, b"data:\n" * 2**18, b"event: " + b"x" * 2**20])
def test_event_that_never_ends_is_given_up(chunk: bytes) -> None:
    with pytest.raises(MalformedEventError):
        _decoded(*[chunk] * 100)


@pytest.mark.parametrize(
    ("stream", "foreign"),
    [
        (b"", False),
        (b": ping\n\nid: 1\nretry: 1\nevent: a\ndata: b\n\n", False),
        (b"data", False),
        (b'{"error": {}}', True),
        (b"<html>\n", True),
        (b"colour: red\n", True),
    ],
)
def test_foreign_stream_is_detected(stream: bytes, foreign: bool) -> None:
    decoder = EventStreamDecoder()
    list(decoder.feed(stream))
    decoder.end()
    assert decoder.foreign is foreign


@pytest.mark.parametrize("data", ["", "{", "nul", "[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "9" * 5000])
def test_invalid_json_is_malformed(data: str) -> None:
    with pytest.raises(MalformedEventError):
        json_of(data)


def test_number_of_many_digits_does_not_spoil_the_rest() -> None:
    assert json_of('{"text": "fine", "count": ' + "9" * 5000 + "}") == {"text": "fine", "count": float("inf")}


@given(st.recursive(st.none() | st.booleans() | st.text() | st.integers(), st.lists, max_leaves=9))
def test_json_is_read(value: object) -> None:
    assert json_of(json.dumps(value)) == value
