"""Lambda's Runtime API, one server for each sandbox, as strict as Lambda's own.

Of the Extensions API it implements what a runtime needs that registers to receive SIGTERM.

Sources: docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, runtimes-custom.html and runtimes-extensions-api.html
in the same guide, and the responses of AWS's Runtime Interface Emulator.
"""

import asyncio
import json
import uuid
from typing import Protocol

from local_stack.emulator.invocation import EmulatedInvocation
from local_stack.http.http1 import BodyTooLargeError, ClientDisconnectedError, Exchange

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024 + 100
"""Limit of an event and of a buffered response."""
MAX_STREAM_BYTES = 200 * 1024 * 1024
"""Limit of a streamed response."""

_PREFIX = "/2018-06-01/runtime/"
_EXTENSIONS = ["", "2020-01-01", "extension"]
_ERROR_TYPE = "lambda-runtime-function-error-type"
_MODE = "lambda-runtime-function-response-mode"
_INVOCATION_ID = "lambda-runtime-invocation-id"


class RuntimeEvents(Protocol):
    """Callbacks for the runtime's requests."""

    def runtime_ready(self) -> None:
        """The runtime polls for an invocation: it is initialised and has finished the previous one."""

    def runtime_init_failed(self, error_type: str) -> None:
        """The runtime reports that its initialisation failed."""

    def invocation_over(self, invocation: EmulatedInvocation) -> None:
        """The response is complete, or the error was reported."""


class RuntimeApi:
    """Serves one runtime. A `concurrency` above 1 emulates Lambda Managed Instances: concurrent invocations."""

    def __init__(self, function_arn: str, concurrency: int, events: RuntimeEvents) -> None:
        self._arn = function_arn
        self._concurrency = concurrency
        self._events = events
        self._waiting: asyncio.Queue[EmulatedInvocation] = asyncio.Queue()
        self._running: dict[str, EmulatedInvocation] = {}
        self._abandoned: set[str] = set()

    @property
    def running(self) -> tuple[EmulatedInvocation, ...]:
        """The invocations without a complete response, including those not yet polled."""
        return tuple(self._running.values())

    def submit(self, invocation: EmulatedInvocation) -> None:
        """Queues the invocation for the runtime's next poll."""
        self._running[invocation.request_id] = invocation
        self._waiting.put_nowait(invocation)

    def abandon(self, invocation: EmulatedInvocation) -> None:
        """Drops the invocation; later requests for it get 410."""
        if self._running.pop(invocation.request_id, None):
            self._abandoned.add(invocation.request_id)

    async def handle(self, exchange: Exchange) -> None:
        """Handles one request of the runtime."""
        path = exchange.target.removeprefix(_PREFIX)
        match exchange.method, path.split("/"):
            case "GET", ["invocation", "next"]:
                await self._next(exchange)
            case "POST", ["invocation", request_id, ("response" | "error") as kind]:
                if (invocation := await self._claim(exchange, request_id)) is None:
                    return
                if kind == "error":
                    await self._error(exchange, invocation)
                elif exchange.header(_MODE) == "streaming":
                    await self._streamed(exchange, invocation)
                else:
                    await self._buffered(exchange, invocation)
            case "POST", ["init", "error"]:
                self._events.runtime_init_failed(exchange.header(_ERROR_TYPE) or "Runtime.Unknown")
                await _accept(exchange)
            case "POST", [*start, "register"] if start == _EXTENSIONS:
                headers = {"lambda-extension-identifier": str(uuid.uuid4())}
                await exchange.respond(200, headers, b"{}")
            case "GET", [*start, "event", "next"] if start == _EXTENSIONS:
                await asyncio.Event().wait()  # an internal extension that registered for no events gets none
            case _:
                await _refuse(
                    exchange, 404, "NotFound", f"{exchange.method} {exchange.target} is not part of this API."
                )

    async def _next(self, exchange: Exchange) -> None:
        if len(self._running) - self._waiting.qsize() >= self._concurrency:
            await _refuse(exchange, 403, "InvalidStateTransition", "The previous invocation has no response yet.")
            return
        self._events.runtime_ready()
        invocation = await self._waiting.get()
        headers = {
            "content-type": "application/json",
            "lambda-runtime-aws-request-id": invocation.request_id,
            "lambda-runtime-deadline-ms": str(invocation.deadline_ms),
            "lambda-runtime-invoked-function-arn": self._arn,
            "lambda-runtime-trace-id": invocation.trace_id,
        }
        if self._concurrency > 1:
            headers[_INVOCATION_ID] = invocation.invocation_id
        await exchange.respond(200, headers, invocation.event)

    async def _claim(self, exchange: Exchange, request_id: str) -> EmulatedInvocation | None:
        """The invocation that the request responds to; None after rejecting a request that Lambda rejects."""
        invocation = self._running.get(request_id)
        if request_id in self._abandoned:
            await _refuse(exchange, 410, "InvocationGone", "The invocation is over.")
        elif invocation is None:
            await _refuse(exchange, 400, "InvalidRequestID", "Invalid request ID")
        elif invocation.responding:
            await _refuse(exchange, 403, "InvalidStateTransition", "The invocation already has a response.")
        elif self._concurrency > 1 and exchange.header(_INVOCATION_ID) != invocation.invocation_id:
            await _refuse(exchange, 400, "InvalidInvocationID", "Lambda-Runtime-Invocation-Id was not sent back.")
        elif problem := _framing_problem(exchange):
            await _refuse(exchange, 400, "InvalidFunctionResponse", problem)
        else:
            invocation.responding = True
            return invocation
        return None

    async def _streamed(self, exchange: Exchange, invocation: EmulatedInvocation) -> None:
        await invocation.response.begin(exchange.header("content-type") or "")
        size = 0
        try:
            async for piece in exchange.body():
                size += len(piece)
                if size > MAX_STREAM_BYTES or invocation.over.is_set():
                    break
                await invocation.response.write(piece)
        except ClientDisconnectedError:
            # The process died or closed its connection. The sandbox reports a death; here the response is truncated.
            await self._conclude(invocation, "Runtime.TruncatedResponse")
            raise
        if size > MAX_STREAM_BYTES:
            await self._conclude(invocation, "Function.ResponseSizeTooLarge")
            await _refuse(exchange, 413, "RequestEntityTooLarge", f"More than {MAX_STREAM_BYTES} bytes.")
            return
        if invocation.over.is_set():  # timed out
            exchange.cut()
            return
        await self._conclude(invocation, _declared_trailers(exchange).get(_ERROR_TYPE))
        await _accept(exchange)

    async def _buffered(self, exchange: Exchange, invocation: EmulatedInvocation) -> None:
        try:
            body = await exchange.read(MAX_PAYLOAD_BYTES)
        except BodyTooLargeError:
            message = f"Exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes)."
            await self._conclude(invocation, "Function.ResponseSizeTooLarge")
            await _refuse(exchange, 413, "RequestEntityTooLarge", message)
            return
        if not invocation.over.is_set():
            await invocation.response.begin(exchange.header("content-type") or "")
            await invocation.response.write(body)
            await self._conclude(invocation, None)
        await _accept(exchange)

    async def _error(self, exchange: Exchange, invocation: EmulatedInvocation) -> None:
        try:
            await exchange.read(MAX_PAYLOAD_BYTES)
        except BodyTooLargeError:
            await _refuse(exchange, 413, "RequestEntityTooLarge", "The error is too large.")
        else:
            await _accept(exchange)
        await self._conclude(invocation, exchange.header(_ERROR_TYPE) or "Runtime.Unknown")

    async def _conclude(self, invocation: EmulatedInvocation, error_type: str | None) -> None:
        self._running.pop(invocation.request_id, None)
        await (invocation.end() if error_type is None else invocation.fail(error_type))
        self._events.invocation_over(invocation)


def _framing_problem(exchange: Exchange) -> str | None:
    mode = exchange.header(_MODE)
    if mode not in {None, "buffered", "streaming"}:
        return f"Unknown response mode {mode}."
    if mode == "streaming" and (exchange.header("transfer-encoding") or "").lower() != "chunked":
        return "A streamed response must have Transfer-Encoding: chunked."
    return None


def _declared_trailers(exchange: Exchange) -> dict[str, str]:
    """The trailer fields that the Trailer header announced; others are ignored."""
    announced = {name.strip().lower() for name in (exchange.header("trailer") or "").split(",")}
    return {name: value for name, value in exchange.trailers.items() if name in announced}


async def _accept(exchange: Exchange) -> None:
    await exchange.respond(202, {"content-type": "application/json"}, b'{"status":"OK"}\n')


async def _refuse(exchange: Exchange, status: int, error_type: str, message: str) -> None:
    body = json.dumps({"errorMessage": message, "errorType": error_type}).encode()
    await exchange.respond(status, {"content-type": "application/json"}, body)
