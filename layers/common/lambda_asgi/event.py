"""Converts HTTP events to ASGI scopes, and ASGI response starts to the prelude of a streamed response.

Sources: payload format 2.0 (docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html and
.../apigateway/latest/developerguide/http-api-develop-integrations-lambda.html), the ASGI HTTP specification
(asgi.readthedocs.io/en/latest/specs/www.html), and the prelude that ``awslambda.HttpResponseStream`` of AWS's Node.js
runtime client writes.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from lambda_asgi.wire import Response


_ASGI = {"version": "3.0", "spec_version": "2.4"}
"""Since 2.4, Starlette starts no task that watches for ``http.disconnect`` while it streams. Lambda does not report
disconnects anyway."""

_DROPPED = frozenset(
    b"connection content-length keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    b"transfer-encoding upgrade".split()
)
"""Hop-by-hop fields (RFC 9110, section 7.6.1), which describe a connection that the client never sees, and the length,
because the response is chunked and Lambda frames it again."""

_encode = json.JSONEncoder(separators=(",", ":")).encode


class UnsupportedEventError(ValueError):
    """The event is not an HTTP request in payload format 2.0."""


def lambda_context(response: Response) -> dict[str, Any]:
    """Builds ``scope["aws.lambda"]`` from the response to ``/next``; ``deadline_ms`` is in ms since the epoch."""
    headers = response.headers

    def text(name: bytes) -> str:
        return headers.get(b"lambda-runtime-" + name, b"").decode("latin-1")

    context: dict[str, Any] = {
        "request_id": text(b"aws-request-id"),
        "deadline_ms": int(text(b"deadline-ms") or 0),
        "function_arn": text(b"invoked-function-arn"),
        "trace_id": text(b"trace-id"),
    }
    for key, name in (("tenant_id", b"aws-tenant-id"), ("invocation_id", b"invocation-id")):
        if value := text(name):
            context[key] = value
    for key, name in (("client_context", b"client-context"), ("cognito_identity", b"cognito-identity")):
        if value := text(name):
            context[key] = json.loads(value)
    return context


def http_scope(payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Returns the ASGI scope, without ``state``, and the request's body.

    Raises:
        UnsupportedEventError: the event is not an HTTP request, or its body is marked as base64 and is not.
    """
    try:
        event = json.loads(payload)
        request = event["requestContext"]
        http = request["http"]
        method, raw_path = http["method"].upper(), event["rawPath"]
        headers: dict[str, str] = event.get("headers") or {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnsupportedEventError("the event is not an HTTP request in payload format 2.0") from None
    scheme = headers.get("x-forwarded-proto", "https")
    stage = request.get("stage", "$default")
    prefix = f"/{stage}"
    port = headers.get("x-forwarded-port", "")
    scope = {
        "type": "http",
        "asgi": _ASGI,
        "http_version": http.get("protocol", "HTTP/1.1").partition("/")[2],
        "method": method,
        "scheme": scheme,
        "path": _unquote(raw_path),
        "raw_path": raw_path.encode(),
        "query_string": (event.get("rawQueryString") or "").encode(),
        # An HTTP API prefixes the path with its stage, except for the default stage.
        "root_path": prefix if f"{raw_path}/".startswith(f"{prefix}/") else "",
        "headers": _request_headers(headers, event.get("cookies")),
        "client": (http.get("sourceIp", ""), 0),
        "server": (request.get("domainName", ""), int(port) if port.isdigit() else {"http": 80}.get(scheme, 443)),
        "extensions": {},
    }
    return scope, _body(event)


def _unquote(path: str) -> str:
    if "%" not in path:
        return path
    from urllib.parse import unquote

    return unquote(path)


def _request_headers(headers: Mapping[str, str], cookies: list[str] | None) -> list[tuple[bytes, bytes]]:
    """Lower-cases names, and joins the event's separate cookies into one field (RFC 6265, section 5.4)."""
    pairs = [(name.lower().encode(), _field_value(value)) for name, value in headers.items()]
    if cookies:
        pairs = [pair for pair in pairs if pair[0] != b"cookie"]
        pairs.append((b"cookie", _field_value("; ".join(cookies))))
    return pairs


def _field_value(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


def _body(event: Mapping[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return body.encode()
    from binascii import a2b_base64

    try:
        return a2b_base64(body, strict_mode=True)
    except ValueError:  # includes binascii.Error
        raise UnsupportedEventError("the event's body is not base64") from None


def prelude(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Encodes ``{"statusCode", "headers", "cookies"}`` as ASCII JSON, terminated by eight NUL bytes.

    Values of a repeated field are joined with a comma (RFC 9110, section 5.2), except ``set-cookie``, which cannot be.
    """
    fields: dict[str, str] = {}
    cookies: list[str] = []
    for raw_name, raw_value in headers:
        lower = raw_name.lower()
        if lower in _DROPPED:
            continue
        name, value = lower.decode("latin-1"), raw_value.decode("latin-1")
        if name == "set-cookie":
            cookies.append(value)
        else:
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    document = _encode({"statusCode": status, "headers": fields, "cookies": cookies})
    return document.encode() + bytes(8)
