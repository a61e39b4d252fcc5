"""Converts functions' responses to HTTP responses of a Function URL.

A buffered response is JSON that describes the HTTP response. A streamed one starts with such JSON and eight NUL bytes;
the rest is the body, forwarded as it arrives.
Source: docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html and .../configuration-response-streaming.html
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from local_stack.emulator.invocation import HTTP_INTEGRATION_RESPONSE
from local_stack.http.http1 import Exchange, Headers

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_DELIMITER = b"\0" * 8
_NOT_PASSED_ON = {"connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}


class InvalidFunctionResponseError(Exception):
    """The function's response does not describe an HTTP response."""


class HttpResponse:
    """An `invocation.ResponseSink` over one HTTP exchange. The function does not learn that a client disconnected."""

    def __init__(self, exchange: Exchange, extra_headers: Headers) -> None:
        self._exchange = exchange
        self._extra_headers = extra_headers
        self._streams = False
        self._malformed = False
        self._received = bytearray()

    async def begin(self, content_type: str) -> None:
        self._streams = content_type.partition(";")[0].strip() == HTTP_INTEGRATION_RESPONSE

    async def write(self, data: bytes) -> None:
        if self._exchange.started:
            await self._exchange.send(data)
        elif not self._malformed:
            self._received += data
            if self._streams:
                await self._start_when_known()

    async def end(self) -> None:
        if self._exchange.started:
            await self._exchange.finish()
            return
        if self._streams or self._malformed:
            await self.fail("Runtime.MalformedResponse")
            return
        try:
            status, headers, body = _buffered_response(bytes(self._received))
        except InvalidFunctionResponseError:
            await self.fail("Runtime.MalformedResponse")
        else:
            await self._exchange.respond(status, [*headers, *self._extra_headers], body)

    async def fail(self, error_type: str) -> None:
        if self._exchange.started:
            self._exchange.cut()
            return
        headers = [("content-type", "application/json"), ("x-amzn-errortype", error_type), *self._extra_headers]
        await self._exchange.respond(502, headers, b"Internal Server Error")

    async def _start_when_known(self) -> None:
        prelude, delimiter, body = self._received.partition(_DELIMITER)
        if not delimiter:
            return
        try:
            status, headers = _status_and_headers(_parse(bytes(prelude)), "application/octet-stream")
        except InvalidFunctionResponseError:
            self._malformed = True
            return
        await self._exchange.start(status, [*headers, *self._extra_headers])
        await self._exchange.send(bytes(body))


def _buffered_response(response: bytes) -> tuple[int, Headers, bytes]:
    try:
        described = json.loads(response)
    except ValueError:
        raise InvalidFunctionResponseError from None
    if not (isinstance(described, dict) and "statusCode" in described):
        # Any other JSON is the body itself.
        body = described if isinstance(described, str) else json.dumps(described)
        return 200, [("content-type", "application/json")], body.encode()
    status, headers = _status_and_headers(described, "application/json")
    return status, headers, _body(described)


def _body(described: Mapping[str, Any]) -> bytes:
    body = described.get("body")
    if body is None:
        return b""
    text = body if isinstance(body, str) else json.dumps(body)
    if not described.get("isBase64Encoded"):
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise InvalidFunctionResponseError from None


def _status_and_headers(described: Mapping[str, Any], default_type: str) -> tuple[int, Headers]:
    headers, cookies = described.get("headers") or {}, described.get("cookies") or []
    try:
        status = int(described.get("statusCode", 200))
        items = [(str(name).lower(), _header_text(value)) for name, value in headers.items()]
    except (TypeError, ValueError, AttributeError):
        raise InvalidFunctionResponseError from None
    items += [("set-cookie", str(cookie)) for cookie in cookies]
    if not 200 <= status <= 599 or not all(map(_can_be_sent, items)):  # noqa: PLR2004  # statuses of final responses
        raise InvalidFunctionResponseError
    kept = [(name, value) for name, value in items if name not in _NOT_PASSED_ON]
    if not any(name == "content-type" for name, _ in kept) and status not in {204, 304}:
        kept.append(("content-type", default_type))
    return status, kept


def _can_be_sent(header: tuple[str, str]) -> bool:
    name, value = header
    return _NAME.fullmatch(name) is not None and _CONTROL.search(value) is None


def _header_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value).strip()
    raise TypeError(value)


def _parse(prelude: bytes) -> Mapping[str, Any]:
    try:
        described = json.loads(prelude)
    except ValueError:
        raise InvalidFunctionResponseError from None
    if not isinstance(described, dict):
        raise InvalidFunctionResponseError
    return described
