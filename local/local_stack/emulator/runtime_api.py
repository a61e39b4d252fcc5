"""Lambda's Runtime API, one server for each sandbox, as strict as Lambda's own.

Of the Extensions API it has what a runtime needs that registers itself to be sent SIGTERM.

Sources: docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, runtimes-custom.html and runtimes-extensions-api.html
beside it, and what AWS's Runtime Interface Emulator answers.
"""

import asyncio
import json
import uuid
from typing import Protocol

from local_stack.emulator.invocation import EmulatedInvocation
from local_stack.http.http1 import BodyTooLargeError, ClientGoneError, Exchange

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024 + 100
"""Of an event, and of a buffered answer."""
MAX_STREAM_BYTES = 200 * 1024 * 1024
"""Of a streamed answer."""

_PREFIX = "/2018-06-01/runtime/"
_EXTENSIONS = ["", "2020-01-01", "extension"]
_ERROR_TYPE = "lambda-runtime-function-error-type"
_MODE = "lambda-runtime-function-response-mode"
_INVOCATION_ID = "lambda-runtime-invocation-id"


class RuntimeEvents(Protocol):
    """Who is told what the runtime does."""

    def runtime_ready(self) -> None:
        """It asks for an invocation: it is initialised, and done with what it had."""

    def runtime_init_failed(self, error_type: str) -> None:
        """It reports that its initialisation failed."""

    def invocation_over(self, invocation: EmulatedInvocation) -> None:
        """The answer is complete, or the error reported."""


class RuntimeApi:
    """Serves one runtime. `concurrency` above 1 is Lambda Managed Instances: that many invocations at a time."""

    def __init__(self, function_arn: str, concurrency: int, events: RuntimeEvents) -> None:
        self._arn = function_arn
        self._concurrency = concurrency
        self._events = events
        self._waiting: asyncio.Queue[EmulatedInvocation] = asyncio.Queue()
        self._running: dict[str, EmulatedInvocation] = {}
        self._gone: set[str] = set()

    @property
    def running(self) -> tuple[EmulatedInvocation, ...]:
        """The invocations that have no complete answer yet, those included that no poller has taken."""
        return tuple(self._running.values())

    def submit(self, invocation: EmulatedInvocation) -> None:
        """Hands the invocation to the runtime when it next asks."""
        self._running[invocation.request_id] = invocation
        self._waiting.put_nowait(invocation)

    def abandon(self, invocation: EmulatedInvocation) -> None:
        """Whatever the runtime still sends for this invocation is answered with 410."""
        if self._running.pop(invocation.request_id, None):
            self._gone.add(invocation.request_id)

    async def handle(self, exchange: Exchange) -> None:
        """Answers one request of the runtime."""
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
                await asyncio.Event().wait()  # an internal extension that asked for no events gets none
            case _:
                await _refuse(exchange, 404, "NotFound", f"{exchange.method} {exchange.target} is not of this API.")

    async def _next(self, exchange: Exchange) -> None:
        if len(self._running) - self._waiting.qsize() >= self._concurrency:
            await _refuse(exchange, 403, "InvalidStateTransition", "The invocation before has no answer yet.")
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
        """The invocation that is answered; a request that Lambda would refuse is refused."""
        invocation = self._running.get(request_id)
        if request_id in self._gone:
            await _refuse(exchange, 410, "InvocationGone", "The invocation is over.")
        elif invocation is None:
            await _refuse(exchange, 400, "InvalidRequestID", "Invalid request ID")
        elif invocation.answering:
            await _refuse(exchange, 403, "InvalidStateTransition", "The invocation has been answered.")
        elif self._concurrency > 1 and exchange.header(_INVOCATION_ID) != invocation.invocation_id:
            await _refuse(exchange, 400, "InvalidInvocationID", "Lambda-Runtime-Invocation-Id was not sent back.")
        elif problem := _framing_problem(exchange):
            await _refuse(exchange, 400, "InvalidFunctionResponse", problem)
        else:
            invocation.answering = True
            return invocation
        return None

    async def _streamed(self, exchange: Exchange, invocation: EmulatedInvocation) -> None:
        await invocation.answer.begin(exchange.header("content-type") or "")
        size = 0
        try:
            async for piece in exchange.body():
                size += len(piece)
                if size > MAX_STREAM_BYTES or invocation.over.is_set():
                    break
                await invocation.answer.write(piece)
        except ClientGoneError:
            # The process died or closed its connection. If it died, the sandbox says so; here the answer just breaks.
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
            await invocation.answer.begin(exchange.header("content-type") or "")
            await invocation.answer.write(body)
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
        return f"The response mode {mode} is not known."
    if mode == "streaming" and (exchange.header("transfer-encoding") or "").lower() != "chunked":
        return "A streamed response must have Transfer-Encoding: chunked."
    return None


def _declared_trailers(exchange: Exchange) -> dict[str, str]:
    """Trailer fields that were not announced do not count."""
    announced = {name.strip().lower() for name in (exchange.header("trailer") or "").split(",")}
    return {name: value for name, value in exchange.trailers.items() if name in announced}


async def _accept(exchange: Exchange) -> None:
    await exchange.respond(202, {"content-type": "application/json"}, b'{"status":"OK"}\n')


async def _refuse(exchange: Exchange, status: int, error_type: str, message: str) -> None:
    body = json.dumps({"errorMessage": message, "errorType": error_type}).encode()
    await exchange.respond(status, {"content-type": "application/json"}, body)
