"""HTTP events in payload format 2.0, as Function URLs send them."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any


def http_event(
    *,
    path: str = "/",
    method: str = "GET",
    query: str = "",
    headers: Mapping[str, str] | None = None,
    cookies: Sequence[str] | None = None,
    body: bytes | None = None,
    base64_encoded: bool = True,
    stage: str = "$default",
) -> bytes:
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "f.lambda-url.eu-central-1.on.aws", "x-forwarded-proto": "https", **(headers or {})},
        "requestContext": {
            "accountId": "anonymous",
            "domainName": "f.lambda-url.eu-central-1.on.aws",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"},
            "stage": stage,
        },
        "isBase64Encoded": base64_encoded and body is not None,
    }
    if cookies is not None:
        event["cookies"] = list(cookies)
    if body is not None:
        event["body"] = base64.b64encode(body).decode() if base64_encoded else body.decode()
    return json.dumps(event).encode()


def steps(*script: Sequence[Any], method: str = "POST") -> bytes:
    """A request for ``apps/scripted.py``: each step is a name and its arguments."""
    return http_event(path="/steps", method=method, body=json.dumps(script).encode())


def text(data: bytes | str) -> str:
    """The step argument for bytes of a body."""
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()
