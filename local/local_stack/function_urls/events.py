"""Builds Function URL events from HTTP requests (payload format 2.0).

Source: docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
"""

import base64
import json
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from local_stack.http.http1 import Headers

_TEXT_TYPES = {"application/json", "application/javascript", "application/xml"}
_SET_BY_LAMBDA = {"x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-amzn-trace-id"}
_HOP_BY_HOP = {"connection", "expect", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"}


def function_url_event(
    method: str, target: str, headers: Headers, body: bytes, *, client_host: str, url_id: str, now: datetime
) -> bytes:
    """The event as JSON. `target` is the request target, `url_id` identifies the Function URL."""
    path, _, query = target.partition("?")
    joined = _join(headers, client_host)
    host = joined.get("host", "localhost")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        # Function URLs list a request's cookies here and also keep the header.
        "cookies": [
            cookie.strip() for key, value in headers if key == "cookie" for cookie in value.split(";") if cookie.strip()
        ],
        "headers": joined,
        "queryStringParameters": _query_parameters(query),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": url_id,
            "domainName": host,
            "domainPrefix": url_id,
            "http": {
                "method": method,
                "path": unquote(path),
                "protocol": "HTTP/1.1",
                "sourceIp": client_host,
                "userAgent": joined.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "time": f"{now.astimezone(UTC):%d/%b/%Y:%H:%M:%S +0000}",
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    for optional in ("cookies", "queryStringParameters"):
        if not event[optional]:
            del event[optional]
    if body:
        event["body"], event["isBase64Encoded"] = _body(joined.get("content-type", ""), body)
    return json.dumps(event, separators=(",", ":")).encode()


def _join(headers: Headers, client_host: str) -> dict[str, str]:
    """Joins headers to one value for each name; replaces the client's X-Forwarded headers."""
    joined: dict[str, str] = {}
    for name, value in headers:
        if name in _SET_BY_LAMBDA or name in _HOP_BY_HOP:
            continue
        separator = "; " if name == "cookie" else ","
        joined[name] = f"{joined[name]}{separator}{value}" if name in joined else value
    return {**joined, "x-forwarded-for": client_host, "x-forwarded-proto": "http", "x-forwarded-port": "80"}


def _query_parameters(query: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters


def _body(content_type: str, body: bytes) -> tuple[str, bool]:
    """The body and whether it is base64: text unchanged, anything else encoded."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in _TEXT_TYPES or media_type.startswith("text/") or media_type.endswith(("+json", "+xml")):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True
