"""Impossible token counts: the answer is complete, and the counts are unknown."""

from typing import Any

import pytest

from chat.messages import Usage
from chat_stream.providers.port import Finish
from chat_stream.providers.reading.usage import max_tokens_of
from fakes.providers.asking import a_model
from fakes.providers.fixtures import Connect, Listen
from fakes.providers.hostile import Row, done, outcome_of, table
from fakes.providers.wires import ANTHROPIC, OPENAI, Wire

MOST = max_tokens_of(a_model())
LONG_NUMBER = "9" * 5000

ODD: dict[str, Any] = {
    "text": "many",
    "digits": "5",
    "negative": -1,
    "bool": True,
    "float": 2.5,
    "nan": float("nan"),
    "infinity": float("inf"),
    "enormous": MOST + 1,
    "larger-than-dynamodb-takes": 10**40,
    "list": [5],
    "object": {"tokens": 5},
}
UNKNOWN = done(finish=Finish("stop", None))


def told(usage: Usage) -> Any:
    return done(finish=Finish("stop", usage))


def openai(name: str, *usages: bytes, expected: Any = UNKNOWN) -> Row:
    parts = [OPENAI.token("Hello"), OPENAI.finish_alone(), *usages, OPENAI.end()]
    return Row(name, lambda _: parts, expected, wires=["openai"])


def anthropic(name: str, *events: bytes, start: dict[str, Any] | None = None, expected: Any = UNKNOWN) -> Row:
    parts = [ANTHROPIC.start(**start or {}), ANTHROPIC.token("Hello"), *events, ANTHROPIC.end()]
    return Row(name, lambda _: parts, expected, wires=["anthropic"])


def odd(name: str, **counts: Any) -> Row:
    return Row(name, lambda wire: [wire.opening(), wire.token("Hello"), wire.finish(**counts)], UNKNOWN)


def with_usage(wire: Wire, usage: Any) -> bytes:
    """The finish with something else in the place of the counts."""
    if wire.name == "openai":
        return wire.finish().replace(b'{"prompt_tokens": 3, "completion_tokens": 2}', usage)
    return wire.finish().replace(b'{"output_tokens": 2}', usage)


ROWS = [
    *(odd(f"{name}-output", written=value) for name, value in ODD.items()),
    *(odd(f"{name}-input", read=value) for name, value in ODD.items()),
    *(openai(f"{name}-total", OPENAI.usage(total_tokens=v)) for name, v in ODD.items()),
    *(anthropic(f"{name}-cache", ANTHROPIC.finish(cache_read_input_tokens=v)) for name, v in ODD.items()),
    *(anthropic(f"{name}-start", ANTHROPIC.finish(), start={"input_tokens": v}) for name, v in ODD.items()),
    Row(
        "text-as-usage",
        lambda w: [w.opening(), w.token("Hello"), with_usage(w, b'"free"')],
        UNKNOWN,
    ),
    Row("list-as-usage", lambda w: [w.opening(), w.token("Hello"), with_usage(w, b"[1]")], UNKNOWN),
    Row(
        "thousands-of-digits",
        lambda w: [w.opening(), w.token("Hello"), w.finish().replace(b": 2}", b": " + LONG_NUMBER.encode() + b"}")],
        UNKNOWN,
    ),
    Row("most-output", lambda w: [w.opening(), w.token("Hello"), w.finish(written=MOST)], told(Usage(3, MOST))),
    Row("zero", lambda w: [w.opening(), w.token("Hello"), w.finish(read=0, written=0)], told(Usage(0, 0))),
    openai("null-input", OPENAI.usage(read=None)),
    openai("null-output", OPENAI.usage(written=None)),
    openai("no-input", OPENAI.usage(read=...)),
    openai("no-output", OPENAI.usage(written=...)),
    openai("no-usage"),
    openai("null-usage", OPENAI.choice({}, usage=None)),
    openai("null-total", OPENAI.usage(total_tokens=None), expected=done()),
    openai("usage-twice", OPENAI.usage(read=1, written=1), OPENAI.usage(), expected=done()),
    openai("odd-then-good", OPENAI.usage(read="many"), OPENAI.usage(), expected=done()),
    openai("good-then-odd", OPENAI.usage(), OPENAI.usage(written=-1)),
    openai("total-with-reasoning", OPENAI.usage(total_tokens=20), expected=told(Usage(3, 17))),
    openai("total-too-small", OPENAI.usage(total_tokens=1), expected=done()),
    anthropic("null-cache", ANTHROPIC.finish(cache_read_input_tokens=None), expected=done()),
    anthropic("null-output", ANTHROPIC.finish(written=None), expected=told(Usage(3, 1))),
    anthropic("no-output", ANTHROPIC.finish(written=...), expected=told(Usage(3, 1))),
    anthropic("no-input", ANTHROPIC.finish(), start={"input_tokens": ...}),
    anthropic("null-input", ANTHROPIC.finish(), start={"input_tokens": None}),
    anthropic("odd-then-good", ANTHROPIC.finish(), start={"output_tokens": -1}, expected=done()),
    anthropic("good-twice", ANTHROPIC.finish_alone(None, written=9), ANTHROPIC.finish(), expected=done()),
    anthropic("sum-too-large", ANTHROPIC.finish(cache_read_input_tokens=MOST)),
]


@table(ROWS)
async def test_answer_of_odd_usage(row: Row, wire: Wire, connect: Connect, listen: Listen) -> None:
    assert await outcome_of(row, wire, connect, listen) == row.expected


async def test_usage_that_is_not_believed_is_logged(
    connect: Connect, listen: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer costs money, but the amount is unknown."""
    await outcome_of(openai("odd", OPENAI.usage(read="many")), OPENAI, connect, listen)
    (line,) = [record for record in caplog.records if record.message == "provider's usage is implausible"]
    assert vars(line)["provider"] == "OpenAI"
    assert "many" not in str(vars(line))
