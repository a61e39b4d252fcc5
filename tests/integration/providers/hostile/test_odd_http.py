"""HTTP as it should not be: bodies of another type, length or coding, and responses that are none."""

import gzip
import json
from collections.abc import Callable, Sequence

from fakes.providers.fixtures import Connect, Listen
from fakes.providers.hostile import Ending, Outcome, Row, done, failed, outcome_of, table
from fakes.providers.wires import Wire, whole

type Parts = Callable[[Wire], Sequence[bytes]]

REFUSED_AT_ONCE = b"x-should-retry: false\r\n"
"""Spares the test the pauses between the SDKs' attempts."""


def response(  # noqa: PLR0917  # a table's columns
    name: str, status: str, headers: bytes, parts: Parts, expected: Outcome, ending: Ending = Ending.CUT
) -> Row:
    head = b"HTTP/1.1 " + status.encode() + b"\r\n" + headers + b"\r\n"
    return Row(name, parts, expected, ending, head=head, chunked=b"chunked" in headers)


def events(headers: bytes, parts: Parts, expected: Outcome, ending: Ending = Ending.CUT, *, name: str) -> Row:
    return response(name, "200 OK", b"content-type: text/event-stream\r\n" + headers, parts, expected, ending)


def body(name: str, media_type: str, data: bytes, code: str) -> Row:
    headers = f"content-type: {media_type}\r\ncontent-length: {len(data)}\r\n".encode()
    return response(name, "200 OK", headers, lambda _: [data], failed(code))


def refusal(name: str, status: str, data: bytes, code: str, headers: bytes = b"") -> Row:
    length = f"content-length: {len(data)}\r\n".encode()
    return response(name, status, REFUSED_AT_ONCE + length + headers, lambda _: [data], failed(code))


def good(wire: Wire) -> list[bytes]:
    return [whole(wire, "Hel", "lo")]


def begun(wire: Wire) -> bytes:
    return wire.opening() + wire.token("Hel")


def sized(size: int) -> bytes:
    return f"content-length: {size}\r\n".encode()


CHUNKED, GZIP = b"transfer-encoding: chunked\r\n", b"content-encoding: gzip\r\n"
COMPLETION = {"choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}], "type": "message"}
ERROR = {"error": {"message": "m", "type": "invalid_request_error"}}

ROWS = [
    body("json", "application/json", json.dumps(COMPLETION).encode(), "bad_response"),
    body("json-over-lines", "application/json", json.dumps(COMPLETION, indent=1).encode() + b"\n", "bad_response"),
    body("json-error", "application/json", json.dumps(ERROR).encode(), "bad_response"),
    body("html", "text/html", b"<!doctype html>\n<h1>Sign in</h1>\n\n", "bad_response"),
    body("text", "text/plain", b"upstream is sleeping", "bad_response"),
    body("binary", "application/octet-stream", bytes(range(256)), "bad_response"),
    body("json-called-events", "text/event-stream", json.dumps(COMPLETION).encode(), "bad_response"),
    body("nothing", "text/event-stream", b"", "unavailable"),
    response("no-content", "204 No Content", b"", lambda _: [b""], failed("unavailable")),
    events(b"", good, done(), name="until-the-connection-closes"),
    events(b"", lambda w: [begun(w)], failed("interrupted", "Hel"), name="cut-where-closing-is-the-end"),
    events(b"connection: close\r\n" + CHUNKED, good, done(), Ending.END, name="connection-close"),
    response("no-content-type", "200 OK", CHUNKED, good, done(), Ending.END),
    response("other-content-type", "200 OK", b"content-type: text/plain\r\n" + CHUNKED, good, done(), Ending.END),
    response("created", "201 Created", CHUNKED, good, done(), Ending.END),
    Row("http-1.0", good, done(), Ending.CUT, head=b"HTTP/1.0 200 OK\r\n\r\n", chunked=False),
    Row("continue-first", good, done(), head=b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n"),
    events(sized(10**6), lambda w: [begun(w)], failed("interrupted", "Hel"), name="length-too-large"),
    events(sized(10**6), good, done(), name="length-too-large-but-complete"),
    events(sized(10**6), good, done(), Ending.HOLD, name="length-too-large-and-held"),
    events(
        sized(200),
        lambda w: [w.token("Hel") + b": " * 100, whole(w, "lo")],
        failed("interrupted", "Hel"),
        name="length-too-small",
    ),
    events(b"content-length: many\r\n", good, failed("unavailable"), name="length-of-letters"),
    events(b"content-length: -5\r\n", good, failed("unavailable"), name="negative-length"),
    events(sized(5) + sized(6), good, failed("unavailable"), name="two-lengths"),
    Row("chunk-of-letters", lambda w: [b"xyz\r\n" + begun(w)], failed("unavailable"), chunked=False),
    Row("negative-chunk", lambda w: [b"-5\r\n" + begun(w)], failed("unavailable"), chunked=False),
    Row(
        "chunk-too-large", lambda w: [b"fffff\r\n" + begun(w)], failed("interrupted", "Hel"), Ending.CUT, chunked=False
    ),
    Row(
        "chunk-without-end",
        lambda w: [b"%x\r\n%bxx" % (len(begun(w)), begun(w))],
        failed("interrupted", "Hel"),
        chunked=False,
    ),
    Row("bytes-after-the-last-chunk", lambda w: [*good(w), b""], done(), Ending.END),
    events(GZIP, lambda w: [gzip.compress(good(w)[0])], done(), name="gzip"),
    events(GZIP, lambda w: [bytes([byte]) for byte in gzip.compress(good(w)[0])], done(), name="gzip-in-pieces"),
    events(GZIP, lambda w: [b"not gzip"], failed("bad_response"), name="gzip-that-is-none"),
    events(GZIP, lambda w: [gzip.compress(begun(w)) + b"x"], failed("interrupted", "Hel"), name="gzip-with-a-tail"),
    events(GZIP, lambda w: [gzip.compress(begun(w))[:-12]], failed("unavailable"), name="gzip-that-ends-early"),
    events(GZIP, lambda w: [gzip.compress(b": \n\n" * 2**22)], failed("unavailable"), name="gzip-bomb"),
    events(
        GZIP, lambda w: [gzip.compress(b"data: " + b"x" * 2**26)], failed("bad_response"), name="gzip-bomb-in-one-event"
    ),
    events(b"content-encoding: rot13\r\n", good, done(), name="unknown-coding"),
    events(b"x: " + b"y" * 200_000 + b"\r\n", good, failed("unavailable"), name="long-header"),
    events(b"no colon here\r\n", good, failed("unavailable"), name="header-without-colon"),
    events(b"x-request-id: \xff\xfe\r\n" + CHUNKED, good, done(), Ending.END, name="header-of-other-bytes"),
    Row("status-of-letters", good, failed("unavailable"), head=b"HTTP/1.1 OK\r\n\r\n"),
    Row("http-2-preface", good, failed("unavailable"), head=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    refusal("status-600", "600 No", b"", "unavailable"),
    refusal("status-418", "418 Teapot", b"{}", "rejected"),
    refusal("status-with-html", "503 No", b"<html>", "unavailable"),
    refusal("status-with-list", "429 No", b'[{"error": {"code": 429}}]', "rate_limited"),
    refusal("status-with-deep-json", "500 No", b"[" * 100_000, "unavailable"),
    refusal("status-with-long-number", "500 No", b'{"error": {"code": ' + b"9" * 5000 + b"}}", "unavailable"),
    refusal("status-with-other-bytes", "500 No", b"\xff\xfe\xfd", "unavailable"),
    refusal("status-with-broken-gzip", "401 No", b"not gzip", "misconfigured", GZIP),
    refusal("status-with-null-error", "401 No", b'{"error": null}', "misconfigured"),
    refusal("status-with-text-error", "401 No", b'{"error": "no"}', "misconfigured"),
    refusal("status-with-odd-kinds", "400 No", b'{"error": {"type": [1], "code": {"a": 1}}}', "rejected"),
    response(
        "status-cut-in-its-body", "401 No", REFUSED_AT_ONCE + sized(100), lambda _: [b"{"], failed("misconfigured")
    ),
]


@table(ROWS)
async def test_answer_of_odd_http(row: Row, wire: Wire, connect: Connect, listen: Listen) -> None:
    assert await outcome_of(row, wire, connect, listen) == row.expected


@table(
    [
        response("status-without-its-body", "500 No", sized(100), lambda _: [b"{"], failed("timeout"), Ending.HOLD),
        response(
            "endless-refusal", "500 No", REFUSED_AT_ONCE + CHUNKED, lambda _: [b"x"], failed("timeout"), Ending.REPEAT
        ),
        Row(
            "endless-head",
            lambda _: [b"x: y\r\n"],
            failed("timeout"),
            Ending.HOLD,
            head=b"HTTP/1.1 200 OK\r\n",
            chunked=False,
        ),
    ]
)
async def test_answer_that_never_begins(row: Row, wire: Wire, listen: Listen, connect: Connect) -> None:
    def impatient(address: str, **environ: str) -> object:
        return connect(address, PROVIDER_FIRST_TOKEN_SECONDS="0.5", **environ)

    assert await outcome_of(row, wire, impatient, listen) == row.expected  # type: ignore[arg-type]
