"""Loads the application, starts it, serves invocations and stops."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from contextvars import copy_context
from signal import SIGINT, SIGTERM

from lambda_asgi import wire
from lambda_asgi.connection import Address, Connection, exchange
from lambda_asgi.errors import InitError, describe, encode, log
from lambda_asgi.handler import load
from lambda_asgi.invocation import Invocation
from lambda_asgi.lifespan import Lifespan
from lambda_asgi.stopping import Stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn

    from lambda_asgi.invocation import App

new_event_loop: Callable[[], asyncio.AbstractEventLoop]
try:
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop

_RECONNECTS = 3
_OK, _ACCEPTED, _GONE, _SERVER_ERROR = 200, 202, 410, 500


def main() -> NoReturn:
    """Serves until SIGTERM (exit code 0), or until startup or the Runtime API fails (exit code 1)."""
    if hasattr(sys.stdout, "reconfigure"):
        # Python block-buffers a pipe, and Lambda would freeze the process with unwritten lines.
        sys.stdout.reconfigure(line_buffering=True)
    environ = os.environ
    if "AWS_LAMBDA_RUNTIME_API" not in environ:
        sys.exit("AWS_LAMBDA_RUNTIME_API is not set: lambda_asgi runs only in a Lambda environment")
    address = Address(environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        app = load(environ.get("_HANDLER", ""), environ.get("LAMBDA_TASK_ROOT"))
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            code = runner.run(_Runtime(app, address, environ).serve())
    except Exception as error:  # noqa: BLE001 - the module or its lifespan may raise anything
        code = _report_init(address, error)
    sys.exit(code)


def _report_init(address: Address, error: Exception) -> int:
    document = describe(error)
    log("initialisation failed", **document)
    try:
        exchange(address, wire.error_request(address.field, b"init/error", document["errorType"], encode(document)))
    except (OSError, wire.MalformedResponseError) as unreachable:
        log("the error could not be reported to the Runtime API", errorMessage=str(unreachable))
    return 1


class _Runtime:
    """The pollers of one process and their shared state."""

    def __init__(self, app: App, address: Address, environ: Mapping[str, str]) -> None:
        self.app = app
        self.address = address
        self.concurrency = max(1, int(environ.get("AWS_LAMBDA_MAX_CONCURRENCY") or 1))
        self.registers = environ.get("LAMBDA_ASGI_EXTENSION") == "1"
        self.snap_start = environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"
        self.context = copy_context()
        self.state: dict[str, Any] | None = None
        self.stop = Stop()
        self.running: dict[asyncio.Task[None], Invocation] = {}

    async def serve(self) -> int:
        """Runs from the application's startup to its shutdown; returns the exit code."""
        loop = asyncio.get_running_loop()
        lifespan = Lifespan(self.app)
        await lifespan.startup()
        self.state = lifespan.state
        gc.freeze()  # objects created at startup live as long as the process
        gc.enable()
        if self.snap_start:
            # Lambda takes the snapshot during this call, so every connection is opened after it.
            restored = exchange(self.address, wire.get_request(self.address.field, b"restore/next"))
            if restored.status != _OK:
                raise InitError("Runtime.RestoreFailed", f"restore/next returned {restored.status}")
        for signal in (SIGTERM, SIGINT):
            loop.add_signal_handler(signal, self.stop.announce, 0)
        extension = self._register(loop)
        pollers = [_Poller(self, loop) for _ in range(self.concurrency)]
        for poller in pollers:
            poller.poll()
        await self.stop.announced.wait()
        await self.stop.end(self.running)
        for poller in pollers:
            poller.connection.close()
        if extension is not None:
            extension.close()
        await lifespan.shutdown()
        return self.stop.code

    def fail(self, reason: str) -> None:
        """Stops the process with exit code 1 because the Runtime API failed."""
        if not self.stop.announced.is_set():
            log("the Runtime API failed", errorMessage=reason)
        self.stop.announce(1)

    def _register(self, loop: asyncio.AbstractEventLoop) -> Connection | None:
        # The effect of a snapshot on an internal extension is undocumented.
        if not self.registers or self.snap_start:
            return None
        from lambda_asgi.extension import register

        return register(loop, self.address)


class _Poller:
    """One connection, one invocation at a time."""

    def __init__(self, runtime: _Runtime, loop: asyncio.AbstractEventLoop) -> None:
        self._runtime = runtime
        self._loop = loop
        self._next = wire.get_request(runtime.address.field, b"invocation/next")
        self._failures = 0
        self.connection = Connection(loop, runtime.address)

    def poll(self) -> None:
        """Requests the next event."""
        if self._runtime.stop.announced.is_set():
            return
        try:
            self.connection.request(self._next, self._on_event)
        except OSError as error:
            self._runtime.fail(f"/next: {error}")

    def _on_event(self, event: wire.Response | Exception) -> None:
        if isinstance(event, Exception):
            # An idle connection, or one in a snapshot, may have been closed: reconnect.
            self._failures += 1
            if self._failures > _RECONNECTS:
                self._runtime.fail(f"/next: {event}")
            else:
                self.poll()
            return
        self._failures = 0
        if event.status != _OK or b"lambda-runtime-aws-request-id" not in event.headers:
            self._runtime.fail(f"/next returned {event.status}")
            return
        runtime = self._runtime
        invocation = Invocation(self.connection, runtime.address.field, event, runtime.state, runtime.stop.announced)
        # A separate context keeps context variables from leaking into another invocation. The eager start saves an
        # iteration of the event loop before the first byte.
        task = asyncio.Task(
            self._invoke(invocation, event), loop=self._loop, context=runtime.context.copy(), eager_start=True
        )
        runtime.running[task] = invocation
        task.add_done_callback(self._invoked)

    def _invoked(self, task: asyncio.Task[None]) -> None:
        del self._runtime.running[task]
        if task.cancelled():
            return
        if error := task.exception():
            self._runtime.fail(f"lambda_asgi failed: {type(error).__name__}")
        self.poll()

    async def _invoke(self, invocation: Invocation, event: wire.Response) -> None:
        runtime = self._runtime
        if runtime.concurrency == 1:
            # The X-Ray SDKs read it here. It is process-wide, so it is set only if invocations do not overlap.
            trace_id = event.headers.get(b"lambda-runtime-trace-id")
            if trace_id:
                os.environ["_X_AMZN_TRACE_ID"] = trace_id.decode("latin-1")
            else:
                os.environ.pop("_X_AMZN_TRACE_ID", None)
        response = await invocation.run(runtime.app)
        if isinstance(response, Exception) or response.status != _ACCEPTED:
            request_id = invocation.request_id.decode("latin-1")
            log("the response was not accepted", request_id=request_id, errorMessage=_reason(response))
        if isinstance(response, wire.Response) and response.status >= _SERVER_ERROR:
            runtime.fail(f"/response returned {response.status}")  # the documentation says: exit promptly


def _reason(response: wire.Response | Exception) -> str:
    if isinstance(response, Exception):
        return f"connection lost, at the deadline or by a reset: {response}"
    if response.status == _GONE:
        return "410: the invocation has ended"
    return f"{response.status}: {response.body[:200].decode('utf-8', 'replace')}"
