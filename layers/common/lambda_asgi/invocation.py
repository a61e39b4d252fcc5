"""One invocation: an ASGI ``http`` cycle on the one side, an answer to the Runtime API on the other."""

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
_GATHER_SECONDS = 0.001


class Invocation:
    """Runs the application for one event and streams what it sends.

    Bytes leave at once if none have left within the last millisecond. Otherwise they are gathered, for that millisecond
    at most, and leave as one chunk: a system call costs more than a token. Prelude and first body bytes leave at once.

    Once the peer has gone (the deadline, a reset, a refusal) ``send`` does nothing, so the application's own work, such
    as storing what it has generated, is never broken off by an exception here; ``receive`` gives ``http.disconnect``.
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
        self._left_at = float("-inf")  # when body bytes last left
        self._gathering: asyncio.TimerHandle | None = None
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._ended = False
        self._open = False  # between the response's start and its end
        self._gone = False  # the peer no longer takes the response
        self._over: asyncio.Event | None = None  # ended or gone, for an application that waits for it
        self.request_id = event.headers[b"lambda-runtime-aws-request-id"]
        self._started = False
        self._answer: asyncio.Future[wire.Response | Exception] = self._loop.create_future()

    async def run(self, app: App) -> wire.Response | Exception:
        """Runs the application to its end, reports its error if it has one, and returns the Runtime API's answer."""
        failure: BaseException | None = None
        try:
            await self._call(app)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the Runtime API has to hear of it
            failure = error
            self._fail(error)
        self._end()
        answer = await self._answer
        if failure is not None and isinstance(failure, (SystemExit, KeyboardInterrupt)):
            raise failure
        return answer

    def abort(self) -> asyncio.Future[wire.Response | Exception]:
        """Ends an answer whose application ignores its cancellation; gives the Runtime API's answer to come."""
        if not self._ended:
            self._fail(asyncio.CancelledError("the process stops"))
            self._end()
        return self._answer

    async def _call(self, app: App) -> None:
        scope, self._body = http_scope(self._event.body)
        self._head_only = scope["method"] == "HEAD"
        if self._state is not None:
            scope["state"] = self._state.copy()
        scope["aws.lambda"] = {**lambda_context(self._event), "stopping": self._stopping}
        await app(scope, self._receive, self._send)
        if not self._started:
            raise ResponseMissingError("the application returned without a response")
        if not self._ended and not self._gone:
            raise ResponseIncompleteError("the application returned before it had sent the whole response")

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
        if now - self._left_at >= _GATHER_SECONDS or self._pending_size >= _FLUSH_BYTES:
            self._left_at = now
            self._flush()
        elif self._gathering is None:
            self._gathering = self._loop.call_later(_GATHER_SECONDS, self._gathered)

    def _gathered(self) -> None:
        self._gathering = None
        if self._pending:
            self._left_at = monotonic()
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
        # Not the message: it may quote what the user sent or was sent.
        log("invocation failed", request_id=request_id, errorType=error_type, stackTrace=document["stackTrace"])
        payload = encode({**document, "requestId": request_id})
        if not self._started:
            self._started = True  # this is the answer
            path = b"invocation/%b/error" % self.request_id
            self._request(wire.error_request(self._host, path, error_type, payload, self._invocation_id))
        elif not self._ended:
            self._flush(wire.trailers(error_type, payload))

    def _request(self, data: bytes) -> None:
        try:
            self._connection.request(data, self._answered)
        except OSError as error:
            self._answered(error)

    def _answered(self, answer: wire.Response | Exception) -> None:
        if self._answer.done():
            return  # cancelled with its invocation, as the process stops
        self._answer.set_result(answer)
        if self._ended or (isinstance(answer, wire.Response) and answer.status < 300):  # noqa: PLR2004
            return
        self._connection.close()  # it wants no more of this body
        self._gone = True
        if self._over:
            self._over.set()
