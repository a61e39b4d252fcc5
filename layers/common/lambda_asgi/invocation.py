"""One invocation: runs an ASGI ``http`` cycle and streams the response to the Runtime API."""

from __future__ import annotations

import asyncio
from time import monotonic

from lambda_asgi import wire
from lambda_asgi.errors import ResponseIncompleteError, ResponseMissingError, describe, encode, log
from lambda_asgi.event import http_scope, lambda_context, prelude

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from lambda_asgi.connection import Connection

    type Message = dict[str, Any]
    type App = Callable[
        [dict[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
    ]


_FLUSH_BYTES = 65536
_BUFFER_SECONDS = 0.001


class Invocation:
    """Runs the application for one event and streams what it sends.

    Bytes are written immediately if none were written within the last millisecond. Otherwise they are buffered for at
    most a millisecond and written as one chunk, because a system call costs more than a token. The prelude and the
    first body bytes are written immediately.

    After the peer has disconnected (deadline, reset or refusal), ``send`` does nothing and ``receive`` returns
    ``http.disconnect``. ``send`` does not raise, so the application can finish its work, such as storing its output.
    """

    def __init__(
        self,
        connection: Connection,
        host: bytes,
        event: wire.Response,
        state: dict[str, Any] | None,
        stopping: asyncio.Event,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._host = host
        self._event = event
        self._state = state
        self._stopping = stopping
        self._body: bytes | None = None
        self._invocation_id = event.headers.get(b"lambda-runtime-invocation-id")
        self._head_only = False
        self._written_at = float("-inf")  # when body bytes were last written
        self._flush_timer: asyncio.TimerHandle | None = None
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._ended = False
        self._open = False  # the response has started and not ended
        self._gone = False  # the peer no longer accepts the response
        self._over: asyncio.Event | None = None  # set when ended or gone; wakes ``receive``
        self.request_id = event.headers[b"lambda-runtime-aws-request-id"]
        self._started = False
        self._api_response: asyncio.Future[wire.Response | Exception] = self._loop.create_future()

    async def run(self, app: App) -> wire.Response | Exception:
        """Runs the application to completion, reports its error if it fails, and returns the Runtime API's response."""
        failure: BaseException | None = None
        try:
            await self._call(app)
        except BaseException as error:  # noqa: BLE001 - every failure is reported to the Runtime API
            failure = error
            self._fail(error)
        self._end()
        response = await self._api_response
        if failure is not None and isinstance(failure, (SystemExit, KeyboardInterrupt)):
            raise failure
        return response

    def abort(self) -> asyncio.Future[wire.Response | Exception]:
        """Ends the response of an application that ignores cancellation; returns the Runtime API's future response."""
        if not self._ended:
            self._fail(asyncio.CancelledError("the process is stopping"))
            self._end()
        return self._api_response

    async def _call(self, app: App) -> None:
        scope, self._body = http_scope(self._event.body)
        self._head_only = scope["method"] == "HEAD"
        if self._state is not None:
            scope["state"] = self._state.copy()
        scope["aws.lambda"] = {**lambda_context(self._event), "stopping": self._stopping}
        await app(scope, self._receive, self._send)
        if not self._started:
            raise ResponseMissingError("the application returned without sending a response")
        if not self._ended and not self._gone:
            raise ResponseIncompleteError("the application returned before its response was complete")

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        if not self._ended and not self._gone:
            self._over = self._over or asyncio.Event()
            await self._over.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.body":
            if not self._open:
                raise RuntimeError(f"http.response.body {'after the end' if self._started else 'before the start'}")
            body = message.get("body", b"")
            if body and not self._head_only:
                self._write(body)
            if not message.get("more_body", False):
                self._flush(wire.LAST_CHUNK)
                self._end()
            if self._connection.unsent:
                await self._connection.drain()
        elif kind == "http.response.start":
            if self._started:
                raise RuntimeError("http.response.start sent twice")
            self._start(prelude(int(message["status"]), message.get("headers", ())))
        else:
            raise RuntimeError(f"unexpected message: {kind}")

    def _start(self, beginning: bytes) -> None:
        self._started = self._open = True
        head = wire.response_head(self._host, self.request_id, self._invocation_id)
        self._request(head + wire.chunk(beginning))

    def _write(self, body: bytes) -> None:
        self._pending.append(body if type(body) is bytes else bytes(body))
        self._pending_size += len(body)
        now = monotonic()
        if now - self._written_at >= _BUFFER_SECONDS or self._pending_size >= _FLUSH_BYTES:
            self._written_at = now
            self._flush()
        elif self._flush_timer is None:
            self._flush_timer = self._loop.call_later(_BUFFER_SECONDS, self._flush_buffered)

    def _flush_buffered(self) -> None:
        self._flush_timer = None
        if self._pending:
            self._written_at = monotonic()
            self._flush()

    def _flush(self, ending: bytes = b"") -> None:
        pending = self._pending
        if pending:
            ending = wire.chunk(pending[0] if len(pending) == 1 else b"".join(pending)) + ending
            pending.clear()
            self._pending_size = 0
        self._connection.write(ending)

    def _end(self) -> None:
        self._open, self._ended = False, True
        if self._over:
            self._over.set()

    def _fail(self, error: BaseException) -> None:
        document = describe(error)
        error_type: str = document["errorType"]
        request_id = self.request_id.decode("latin-1")
        # Without the message, because it may quote user data.
        log("invocation failed", request_id=request_id, errorType=error_type, stackTrace=document["stackTrace"])
        payload = encode({**document, "requestId": request_id})
        if not self._started:
            self._started = True  # the error is the response
            path = b"invocation/%b/error" % self.request_id
            self._request(wire.error_request(self._host, path, error_type, payload, self._invocation_id))
        elif not self._ended:
            self._flush(wire.trailers(error_type, payload))

    def _request(self, data: bytes) -> None:
        try:
            self._connection.request(data, self._on_response)
        except OSError as error:
            self._on_response(error)

    def _on_response(self, response: wire.Response | Exception) -> None:
        if self._api_response.done():
            return  # cancelled with its invocation while the process stops
        self._api_response.set_result(response)
        if self._ended or (isinstance(response, wire.Response) and response.status < 300):  # noqa: PLR2004
            return
        self._connection.close()  # the peer accepts no more of this body
        self._gone = True
        if self._over:
            self._over.set()
