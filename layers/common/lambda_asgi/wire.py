"""Builds requests to the Lambda Runtime API and parses its responses. Does no I/O.

Sources: the Runtime API (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html), response streaming in custom
runtimes (.../dg/runtimes-custom.html#runtimes-custom-response-streaming), HTTP/1.1 messages (RFC 9112), and the
behaviour of AWS's runtime clients for Node.js, Python and Rust.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


_API = b"/2018-06-01/runtime"
LAST_CHUNK = b"0\r\n\r\n"


class MalformedResponseError(ValueError):
    """The received bytes are not a valid HTTP/1.1 response."""


def get_request(host: bytes, path: bytes) -> bytes:
    """``GET /runtime/<path>``, where the path is ``invocation/next`` or ``restore/next``. Both are long polls."""
    return b"GET %b/%b HTTP/1.1\r\nHost: %b\r\nUser-Agent: lambda-asgi\r\n\r\n" % (_API, path, host)


def response_head(host: bytes, request_id: bytes, invocation_id: bytes | None) -> bytes:
    """The head of a streamed response. Chunks follow, then ``LAST_CHUNK`` or ``trailers()``."""
    return (
        b"POST %b/invocation/%b/response HTTP/1.1\r\nHost: %b\r\n%b"
        b"Content-Type: application/vnd.awslambda.http-integration-response\r\n"
        b"Lambda-Runtime-Function-Response-Mode: streaming\r\n"
        b"Transfer-Encoding: chunked\r\n"
        b"Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n"
    ) % (_API, request_id, host, _invocation_header(invocation_id))


def chunk(data: bytes) -> bytes:
    """One chunk (RFC 9112, section 7.1). ``data`` must not be empty, because an empty chunk ends the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def trailers(error_type: str, document: bytes) -> bytes:
    """The end of a streamed response that failed after its start, with the error in trailer fields."""
    from base64 import b64encode

    return (b"0\r\nLambda-Runtime-Function-Error-Type: %b\r\nLambda-Runtime-Function-Error-Body: %b\r\n\r\n") % (
        _field(error_type),
        b64encode(document),
    )


def error_request(
    host: bytes, path: bytes, error_type: str, document: bytes, invocation_id: bytes | None = None
) -> bytes:
    """``POST /runtime/<path>``, where the path is ``init/error`` or ``invocation/<id>/error``."""
    return (
        b"POST %b/%b HTTP/1.1\r\nHost: %b\r\n%b"
        b"Content-Type: application/vnd.aws.lambda.error+json\r\n"
        b"Lambda-Runtime-Function-Error-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
    ) % (_API, path, host, _invocation_header(invocation_id), _field(error_type), len(document), document)


def _invocation_header(invocation_id: bytes | None) -> bytes:
    # Lambda Managed Instances distinguish concurrent invocations by this header.
    return b"" if invocation_id is None else b"Lambda-Runtime-Invocation-Id: %b\r\n" % invocation_id


def _field(value: str) -> bytes:
    printable = "".join(char if char.isprintable() else "?" for char in value)
    return printable.encode("ascii", "backslashreplace")


class Response:
    """A complete response. Header names are lower case; if a header is repeated, the last value wins."""

    def __init__(self, status: int, headers: Mapping[bytes, bytes], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def closes(self) -> bool:
        """Whether the peer will close the connection after this response."""
        return self.headers.get(b"connection", b"").lower() == b"close"


class ResponseParser:
    """Parses one response incrementally, from pieces of any size."""

    def __init__(self) -> None:
        self._head: tuple[int, dict[bytes, bytes]] | None = None
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._remaining = 0

    def feed(self, data: bytes) -> Response | None:
        """Returns the response once ``data`` completes it, otherwise None.

        Raises:
            MalformedResponseError: the bytes are invalid; the connection is unusable.
        """
        if self._head is None:
            self._buffer += data
            self._head = self._parse_head()
            if self._head is None:
                return None
            data, self._buffer = bytes(self._buffer), bytearray()
        status, headers = self._head
        chunked = headers.get(b"transfer-encoding", b"").lower() == b"chunked"
        complete = self._feed_chunked(data) if chunked else self._feed_plain(data)
        return Response(status, headers, b"".join(self._parts)) if complete else None

    def _parse_head(self) -> tuple[int, dict[bytes, bytes]] | None:
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            status_line, *lines = bytes(self._buffer[:end]).split(b"\r\n")
            del self._buffer[: end + 4]
            version, _, status = status_line.partition(b" ")
            if not version.startswith(b"HTTP/1.") or not status[:3].isdigit():
                raise MalformedResponseError("invalid status line")
            if int(status[:3]) < 200:  # noqa: PLR2004 - an interim response, RFC 9110 section 15.2
                continue
            headers = {}
            for line in lines:
                name, _, value = line.partition(b":")
                headers[name.lower()] = value.strip()
            self._remaining = _number(headers.get(b"content-length", b"0"), 10)
            return int(status[:3]), headers
        return None

    def _feed_plain(self, data: bytes) -> bool:
        self._parts.append(data[: self._remaining])
        self._remaining -= len(self._parts[-1])
        return self._remaining == 0

    def _feed_chunked(self, data: bytes) -> bool:
        buffer = self._buffer
        buffer += data
        while (end := buffer.find(b"\r\n")) >= 0:
            size = _number(bytes(buffer[:end]).partition(b";")[0], 16)
            if size == 0:
                return b"\r\n\r\n" in buffer[end:]  # trailer fields may precede it and are ignored
            stop = end + 2 + size
            if len(buffer) < stop + 2:
                break
            self._parts.append(bytes(buffer[end + 2 : stop]))
            del buffer[: stop + 2]
        return False


def _number(digits: bytes, base: int) -> int:
    try:
        return int(digits, base)
    except ValueError:
        raise MalformedResponseError("invalid length") from None
