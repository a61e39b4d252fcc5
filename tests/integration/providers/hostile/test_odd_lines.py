"""Event streams that the specification allows, however unusual."""

from fakes.providers.fixtures import Connect, Listen
from fakes.providers.hostile import Row, done, failed, outcome_of, table
from fakes.providers.wires import ANTHROPIC, Wire, event, whole

MANY_DIGITS = "9" * 5000


def hello(wire: Wire, between: bytes) -> list[bytes]:
    """A good answer with something between its events."""
    return [wire.opening(), between, wire.token("Hel"), between, wire.token("lo"), between, wire.finish(), wire.end()]


def first_token(wire: Wire) -> bytes:
    """An answer whose very first event has text."""
    return (
        wire.token("Hel") + wire.token("lo") + (ANTHROPIC.start() if wire.name == "anthropic" else b"") + wire.finish()
    )


def replaced(wire: Wire, old: bytes, new: bytes) -> list[bytes]:
    return [whole(wire, "Hel", "lo").replace(old, new)]


def cut_after_cr(wire: Wire) -> list[bytes]:
    return [part + b"\r" for part in whole(wire, "Hello").replace(b"\n", b"\r\n").split(b"\r")]


ROWS = [
    Row("byte-order-mark", lambda w: [b"\xef\xbb\xbf" + first_token(w)], done()),
    Row("byte-order-mark-in-pieces", lambda w: [b"\xef", b"\xbb", b"\xbf" + first_token(w)], done()),
    Row("crlf", lambda w: replaced(w, b"\n", b"\r\n"), done()),
    Row("cr", lambda w: replaced(w, b"\n", b"\r"), done()),
    Row("crlf-split-over-segments", cut_after_cr, done()),
    Row("cr-then-lf", lambda w: replaced(w, b"\n\n", b"\n\r"), done()),
    Row("no-space-after-colon", lambda w: replaced(w, b"data: ", b"data:"), done()),
    Row("two-spaces-after-colon", lambda w: replaced(w, b"data: {", b"data:  {"), done()),
    Row("json-over-several-lines", lambda w: replaced(w, b", ", b",\ndata: "), done()),
    Row("comments", lambda w: hello(w, b": keep-alive\n\n"), done()),
    Row("comment-in-a-block", lambda w: replaced(w, b"data: {", b": keep-alive\ndata: {"), done()),
    Row("retry-alone", lambda w: hello(w, b"retry: 3000\n\n"), done()),
    Row("id-alone", lambda w: hello(w, b"id: 7\n\n"), done()),
    Row("id-and-retry", lambda w: hello(w, b"id: 7\nretry: soon\n\n"), done()),
    Row("id-stays", lambda w: [b"id: 7\n\n", *hello(w, b"\n\n")], done()),
    Row("id-with-nul", lambda w: hello(w, b"id: \x00\n\n"), done()),
    Row("empty-data", lambda w: hello(w, b"data:\n\n"), done()),
    Row("empty-data-lines", lambda w: hello(w, b"data\ndata:\ndata: \n\n"), done()),
    Row("blank-data", lambda w: hello(w, b"data:    \n\n"), done()),
    Row("event-alone", lambda w: hello(w, b"event: ping\n\n"), done()),
    Row("named-event-without-data", lambda w: hello(w, b"event: message_delta\ndata:\n\n"), done()),
    Row("error-without-data", lambda w: hello(w, b"event: error\n\n"), done()),
    Row("unknown-field", lambda w: hello(w, b"colour: red\nnonsense\n\n"), done()),
    Row("upper-case-field", lambda w: hello(w, b"DATA: {}\n\n"), done()),
    Row("ping-event", lambda w: hello(w, event({"type": "ping"}, "ping")), done()),
    Row("unknown-event", lambda w: hello(w, event({"type": "new", "choices": []}, "new")), done()),
    Row("unknown-value", lambda w: hello(w, event({})), done()),
    Row("no-event-lines", lambda w: replaced(w, b"event: content_block_delta\n", b""), done()),
    Row("other-event-names", lambda w: replaced(w, b"event: content_block_delta\n", b"event: other\n"), done()),
    Row("no-types", lambda w: replaced(w, b'"type": "content_block_delta", ', b""), done(), wires=["anthropic"]),
    Row("data-before-event", lambda w: [_turned(whole(w, "Hel", "lo"))], done()),
    Row("nonsense-json", lambda w: hello(w, b"data: {nonsense}\n\n"), failed("bad_response")),
    Row(
        "nonsense-after-text",
        lambda w: [w.opening(), w.token("Hel"), event("{nonsense")],
        failed("bad_response", "Hel"),
    ),
    Row("html-in-data", lambda w: hello(w, b"data: <html>\n\n"), failed("bad_response")),
    Row("text-in-data", lambda w: hello(w, event('"text"')), failed("bad_response")),
    Row("number-in-data", lambda w: hello(w, event("5")), failed("bad_response")),
    Row("null-in-data", lambda w: hello(w, event("null")), failed("bad_response")),
    Row("array-in-data", lambda w: hello(w, event("[]")), failed("bad_response")),
    Row("deep-arrays", lambda w: [w.token("Hel"), event("[" * 200_000)], failed("bad_response", "Hel")),
    Row("deep-objects", lambda w: [w.token("Hel"), event('{"a":' * 200_000)], failed("bad_response", "Hel")),
    Row("deep-and-closed", lambda w: [w.token("A"), event("[" * 9000 + "]" * 9000)], failed("bad_response", "A")),
    Row("many-digits", lambda w: hello(w, event('{"type": "new", "created": ' + MANY_DIGITS + "}")), done()),
    Row("numbers-that-json-lacks", lambda w: hello(w, event('{"type": "new", "created": [NaN, -Infinity]}')), done()),
    Row("one-megabyte-of-text", lambda w: [whole(w, "x" * 2**20)], done("x" * 2**20)),
    Row("event-too-long", lambda w: [w.token("A"), *[b"data: x" + b"x" * 2**20] * 18], failed("bad_response", "A")),
    Row("too-many-lines", lambda w: [w.token("A"), *[b"data:\n" * 2**12] * 65], failed("bad_response", "A")),
    Row("nothing-but-blank-lines", lambda _: [b"\n\r\n\r" * 50], failed("unavailable")),
]


def _turned(data: bytes) -> bytes:
    """Each event's `data` comes before its `event`."""
    return b"".join(b"\n".join(reversed(block.split(b"\n"))) + b"\n\n" for block in data.split(b"\n\n"))


@table(ROWS)
async def test_answer_of_odd_lines(row: Row, wire: Wire, connect: Connect, listen: Listen) -> None:
    assert await outcome_of(row, wire, connect, listen) == row.expected
