"""Responses that end too early, too late or never, and arrive in any pieces."""

import itertools
from collections.abc import Sequence

import pytest

from chat_stream.providers.port import Finish
from fakes.providers.fixtures import Connect, Listen
from fakes.providers.hostile import Ending, Row, done, failed, outcome_of, table
from fakes.providers.wires import OPENAI, WIRES, Wire, whole

TEXT = "Grüße 😀"
HIGH, LOW = "\ud83d", "\ude00"


def begun(wire: Wire, *texts: str) -> bytes:
    return wire.opening() + b"".join(map(wire.token, texts))


def complete(wire: Wire) -> bytes:
    return begun(wire, "Hello") + wire.finish()


def bytes_of(data: bytes) -> Sequence[bytes]:
    return [bytes([byte]) for byte in data]


def raw(wire: Wire, text: str) -> bytes:
    """A token whose text is not escaped."""
    return wire.token("\0").replace(b"\\u0000", text.encode("utf-8", "surrogatepass"))


ROWS = [
    Row("headers-only", lambda _: [b": \n\n"], failed("unavailable"), Ending.CUT),
    Row("opening-only", lambda w: [w.opening()], failed("unavailable"), Ending.CUT),
    Row("opening-then-end", lambda w: [w.opening()], failed("unavailable")),
    Row("cut-after-token", lambda w: [begun(w, "Hel")], failed("interrupted", "Hel"), Ending.CUT),
    Row("end-after-token", lambda w: [begun(w, "Hel")], failed("interrupted", "Hel")),
    Row("cut-in-event", lambda w: [begun(w, "Hel") + w.token("lo")[:-9]], failed("interrupted", "Hel"), Ending.CUT),
    Row("end-before-blank-line", lambda w: [begun(w, "Hel") + w.token("lo")[:-1]], failed("interrupted", "Hel")),
    Row("end-before-line-end", lambda w: [begun(w, "Hel") + w.token("lo")[:-2]], failed("interrupted", "Hel")),
    Row("cut-in-finish", lambda w: [complete(w)[:-150]], failed("interrupted", "Hello"), Ending.CUT),
    Row("cut-before-end", lambda w: [complete(w)], done(), Ending.CUT),
    Row("end-before-end", lambda w: [complete(w)], done()),
    Row(
        "cut-before-usage",
        lambda w: [begun(w, "Hello") + OPENAI.finish_alone()],
        done(finish=Finish("stop", None)),
        Ending.CUT,
        wires=["openai"],
    ),
    Row("cut-after-end", lambda w: [whole(w, "Hello")], done(), Ending.CUT),
    Row("end-without-finish", lambda w: [begun(w, "Hel") + w.end()], failed("interrupted", "Hel")),
    Row("end-without-anything", lambda w: [w.end()], failed("unavailable")),
    Row("end-without-finish-held", lambda w: [begun(w, "Hel") + w.end()], failed("interrupted", "Hel"), Ending.HOLD),
    Row("held-after-finish", lambda w: [complete(w)], done(), Ending.HOLD),
    Row("held-after-end", lambda w: [whole(w, "Hello")], done(), Ending.HOLD),
    Row(
        "held-before-usage",
        lambda w: [begun(w, "Hello") + OPENAI.finish_alone()],
        done(finish=Finish("stop", None)),
        Ending.HOLD,
        wires=["openai"],
    ),
    Row("pings-after-finish", lambda w: [complete(w), b": ping\n\n"], done(), Ending.REPEAT),
    Row("pings-after-end", lambda w: [whole(w, "Hello"), b": ping\n\n"], done(), Ending.REPEAT),
    Row("tokens-after-end", lambda w: [whole(w, "Hello"), w.token(" and more")], done(), Ending.REPEAT),
    Row("tokens-after-finish", lambda w: [complete(w), w.token(" and more")], done(), Ending.REPEAT),
    Row(
        "pings-instead-of-text",
        lambda w: [begun(w, "Hel"), b": ping\n\n"],
        failed("timeout", "Hel"),
        Ending.REPEAT,
        environ={"PROVIDER_IDLE_SECONDS": "0.4"},
    ),
    Row(
        "endless-event",
        lambda w: [begun(w, "Hel") + b'data: {"', b"x"],
        failed("timeout", "Hel"),
        Ending.REPEAT,
        environ={"PROVIDER_IDLE_SECONDS": "0.4"},
    ),
    Row(
        "endless-answer",
        lambda w: [w.opening(), w.token("x" * 64)],
        failed("bad_response", "x" * 640),
        Ending.REPEAT,
        max_output_tokens=10,
    ),
    Row("one-segment", lambda w: [whole(w, "Hel", "lo")], done()),
    Row("every-byte-a-segment", lambda w: bytes_of(whole(w, TEXT)), done(TEXT)),
    Row(
        "character-split-over-segments",
        lambda w: [w.opening(), *bytes_of(raw(w, TEXT)), w.finish() + w.end()],
        done(TEXT),
    ),
    Row("surrogates-split-over-events", lambda w: [whole(w, "A" + HIGH, LOW + "B")], done("A😀B")),
    Row("surrogate-alone-at-the-end", lambda w: [whole(w, "A", HIGH)], done("A\ufffd")),
    Row("surrogate-alone-before-text", lambda w: [whole(w, HIGH, "A", LOW)], done("\ufffdA\ufffd")),
    Row("surrogate-alone-before-a-cut", lambda w: [begun(w, "A", HIGH)], failed("interrupted", "A"), Ending.CUT),
    Row("surrogates-as-bytes", lambda w: [begun(w, "A") + raw(w, HIGH)], failed("bad_response", "A")),
    Row("half-a-character", lambda w: [begun(w, "A") + raw(w, "ü").replace(b"\xbc", b"")], failed("bad_response", "A")),
]


@table(ROWS)
async def test_answer_of_a_cut_stream(row: Row, wire: Wire, connect: Connect, listen: Listen) -> None:
    assert await outcome_of(row, wire, connect, listen) == row.expected


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
async def test_answer_cut_at_many_places(wire: Wire, connect: Connect, listen: Listen) -> None:
    """What was sent before the cut is there, and an answer that is not complete is not taken for one."""
    finish, _, usage = wire.finish().rpartition(b"data: ") if wire.name == "openai" else (wire.finish(), b"", b"")
    events = [wire.opening(), wire.token("A"), wire.token("B"), finish, usage and b"data: " + usage, wire.end()]
    outcomes = [failed("unavailable"), failed("interrupted", "A"), failed("interrupted", "AB"), done("AB"), done("AB")]
    if wire.name == "openai":
        outcomes[3] = done("AB", Finish("stop", None))
    ends = list(itertools.accumulate(map(len, events)))
    data = b"".join(events)
    for position in [*range(1, len(data), 31), *ends]:
        sent = sum(end <= position for end in ends)
        row = Row("", lambda _: [data[:position]], done(), Ending.CUT)  # noqa: B023  # called at once
        expected = outcomes[max(0, min(sent, len(outcomes)) - 1)]
        assert await outcome_of(row, wire, connect, listen) == expected, position
