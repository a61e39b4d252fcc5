"""The Runtime API as bytes."""

import base64
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_asgi import wire

HOST = b"127.0.0.1:9001"


def test_next_request() -> None:
    assert wire.get_request(HOST, b"invocation/next") == (
        b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: 127.0.0.1:9001\r\nUser-Agent: lambda-asgi\r\n\r\n"
    )


def test_response_head_echoes_the_invocation_id() -> None:
    with_id = wire.response_head(HOST, b"r", b"i-1")
    assert b"\r\nLambda-Runtime-Invocation-Id: i-1\r\n" in with_id
    assert with_id.replace(b"Lambda-Runtime-Invocation-Id: i-1\r\n", b"") == wire.response_head(HOST, b"r", None)


@pytest.mark.parametrize(("data", "framed"), [(b"a", b"1\r\na\r\n"), (b"x" * 26, b"1a\r\n" + b"x" * 26 + b"\r\n")])
def test_chunk(data: bytes, framed: bytes) -> None:
    assert wire.chunk(data) == framed


def test_trailers_end_the_body() -> None:
    encoded = base64.b64encode(b"{}")
    assert wire.trailers("E", b"{}") == (
        b"0\r\nLambda-Runtime-Function-Error-Type: E\r\nLambda-Runtime-Function-Error-Body: %b\r\n\r\n" % encoded
    )


@pytest.mark.parametrize("name", ["a\r\nInjected: 1", "b\nc", "d\0", "\u2603", "caf\xe9"])
def test_error_type_cannot_break_out_of_its_field(name: str) -> None:
    head = wire.error_request(HOST, b"init/error", name, b"{}").partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert head.count(b"\r\n") == 4
    assert head.count(b"\n") == 4
    assert b"\0" not in head


def test_error_request_has_a_length() -> None:
    request = wire.error_request(HOST, b"invocation/r/error", "E", b'{"a":1}', b"i-1")
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /2018-06-01/runtime/invocation/r/error HTTP/1.1\r\n")
    assert b"\r\nLambda-Runtime-Invocation-Id: i-1\r\n" in head
    assert b"\r\nContent-Length: 7" in head
    assert body == b'{"a":1}'


@st.composite
def responses(draw: st.DrawFn) -> tuple[bytes, int, bytes]:
    """The bytes of a response, its status, and its body."""
    status = draw(st.integers(200, 599))
    body = draw(st.binary(max_size=200))
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n"]))
    head = interim + b"HTTP/1.1 %d Some Reason\r\nX-Thing:  padded \r\n" % status
    if not draw(st.booleans()):
        return head + b"content-LENGTH: %d\r\n\r\n" % len(body) + body, status, body
    cuts = sorted(draw(st.sets(st.integers(0, len(body)), max_size=4)) | {0, len(body)})
    parts = [body[start:end] for start, end in pairwise(cuts)]
    extension = draw(st.sampled_from([b"", b";a=b"]))
    chunks = b"".join(b"%X%b\r\n%b\r\n" % (len(part), extension, part) for part in parts if part)
    trailer = draw(st.sampled_from([b"", b"X-Trailer: 1\r\n"]))
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + trailer + b"\r\n", status, body


@settings(deadline=None)
@given(response=responses(), data=st.data())
def test_parser_takes_pieces_of_any_size(response: tuple[bytes, int, bytes], data: st.DataObject) -> None:
    """And says that it is complete with the last byte, not before."""
    raw, status, body = response
    parser = wire.ResponseParser()
    position = 0
    while position < len(raw):
        size = data.draw(st.integers(1, len(raw) - position))
        parsed = parser.feed(raw[position : position + size])
        position += size
        assert (parsed is not None) == (position == len(raw))
    assert parsed is not None
    assert (parsed.status, parsed.body, parsed.headers[b"x-thing"]) == (status, body, b"padded")


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_parser_refuses_malformed_responses(raw: bytes) -> None:
    with pytest.raises(wire.MalformedResponseError):
        wire.ResponseParser().feed(raw)


@pytest.mark.parametrize(("field", "closes"), [(b"Connection: Close", True), (b"Connection: keep-alive", False)])
def test_response_knows_whether_the_connection_closes(field: bytes, closes: bool) -> None:
    response = wire.ResponseParser().feed(b"HTTP/1.1 202 Accepted\r\n%b\r\nContent-Length: 0\r\n\r\n" % field)
    assert response is not None
    assert response.closes is closes
