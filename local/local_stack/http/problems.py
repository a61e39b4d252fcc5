"""Error responses of the stack itself: problem documents (RFC 9457), or Lambda's own format."""

import json
from http import HTTPStatus
from typing import Any

from local_stack.http.http1 import Exchange


async def problem(exchange: Exchange, status: int, code: str, detail: str, **extensions: Any) -> None:
    """Responds with a problem document."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **extensions,
    }
    headers = {"content-type": "application/problem+json", "cache-control": "no-store"}
    await exchange.respond(status, headers, json.dumps(document).encode())


async def throttled(exchange: Exchange, headers: list[tuple[str, str]]) -> None:
    """Lambda's response when a function has reached its concurrency limit."""
    body = {"Reason": "ConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded."}
    await exchange.respond(
        429,
        [("content-type", "application/json"), ("x-amzn-errortype", "TooManyRequestsException"), *headers],
        json.dumps(body).encode(),
    )


async def too_large(exchange: Exchange, headers: list[tuple[str, str]]) -> None:
    """Lambda's response when the event would exceed 6 MB."""
    body = {"message": "Request must be smaller than 6291556 bytes for the InvokeFunction operation"}
    await exchange.respond(
        413,
        [("content-type", "application/json"), ("x-amzn-errortype", "RequestTooLargeException"), *headers],
        json.dumps(body).encode(),
    )
