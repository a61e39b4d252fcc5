"""Errors that come as events, in every shape that was seen or can be thought of."""

from typing import Any

from fakes.providers.fixtures import Connect, Listen
from fakes.providers.hostile import Ending, Outcome, Row, done, failed, outcome_of, table
from fakes.providers.wires import Wire, event


def error(name: str, data: Any, code: str, *, named: str = "") -> list[Row]:
    """The error before all text, after some, and held open after it."""

    def after(wire: Wire) -> list[bytes]:
        return [wire.opening(), wire.token("Hel"), event(data, named)]

    return [
        Row(f"{name}-at-once", lambda _: [event(data, named)], failed(code)),
        Row(f"{name}-after-text", after, failed(code, "Hel")),
        Row(f"{name}-held", after, failed(code, "Hel"), Ending.HOLD),
    ]


def no_error(name: str, data: Any, expected: Outcome | None = None) -> Row:
    return Row(name, lambda w: [w.opening(), w.token("Hello"), event(data), w.finish()], expected or done())


ROWS = [
    *error("overloaded", {"type": "error", "error": {"type": "overloaded_error", "message": "m"}}, "unavailable"),
    *error("overloaded-named", {"type": "error", "error": {"type": "overloaded_error"}}, "unavailable", named="error"),
    *error(
        "rate-limited", {"error": {"message": "m", "type": "requests", "code": "rate_limit_exceeded"}}, "rate_limited"
    ),
    *error("no-quota", {"error": {"type": "insufficient_quota", "code": "insufficient_quota"}}, "misconfigured"),
    *error("status-as-code", {"error": {"message": "m", "code": 429}}, "rate_limited"),
    *error("status-as-text", {"error": {"message": "m", "code": "503"}}, "unavailable"),
    *error("status", {"error": {"message": "m", "status": 401}}, "misconfigured"),
    *error("vllm", {"object": "error", "message": "m", "type": "BadRequestError", "code": 400}, "rejected"),
    *error("text", {"error": "overloaded"}, "unavailable"),
    *error("number", {"error": 5}, "unavailable"),
    *error("list", {"error": [{"code": 429}]}, "unavailable"),
    *error("true", {"error": True}, "unavailable"),
    *error("code-of-another-type", {"error": {"type": ["a"], "code": {"b": 1}}}, "unavailable"),
    *error("code-that-is-no-status", {"error": {"code": 7}}, "unavailable"),
    *error("success-as-code", {"error": {"code": 200}}, "unavailable"),
    *error("enormous-code", {"error": {"code": "9" * 5000}}, "unavailable"),
    *error("enormous-number", '{"error": {"code": ' + "9" * 5000 + "}}", "unavailable"),
    *error("other-digits", {"error": {"code": "\u0664\u0662\u0669"}}, "unavailable"),
    *error("type-alone", {"type": "error"}, "unavailable"),
    *error("named-not-json", "<html>overloaded</html>", "unavailable", named="error"),
    *error("named-deep", "[" * 100_000, "unavailable", named="error"),
    *error("named-text", '"overloaded"', "unavailable", named="error"),
    *error("named-list", "[5]", "unavailable", named="error"),
    *error("named-null", "null", "unavailable", named="error"),
    no_error("null-error", {"type": "new", "error": None}),
    no_error("false-error", {"type": "new", "error": False}),
    no_error("empty-error", {"type": "new", "error": {}}),
]


@table(ROWS)
async def test_answer_with_a_reported_error(row: Row, wire: Wire, connect: Connect, listen: Listen) -> None:
    assert await outcome_of(row, wire, connect, listen) == row.expected
