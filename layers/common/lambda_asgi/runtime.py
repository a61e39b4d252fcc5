"""The runtime's life: load the application, start it, serve invocations, stop."""

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
    """Serves until SIGTERM (exit code 0) or until the Runtime API or the start fails (exit code 1)."""
    if hasattr(sys.stdout, "reconfigure"):
        # Into a pipe Python would buffer whole blocks, and Lambda freezes the process with them.
        sys.stdout.reconfigure(line_buffering=True)
    environ = os.environ
    if "AWS_LAMBDA_RUNTIME_API" not in environ:
        sys.exit("lambda_asgi serves Lambda's Runtime API, and AWS_LAMBDA_RUNTIME_API does not say where that is")
    address = Address(environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        app = load(environ.get("_HANDLER", ""), environ.get("LAMBDA_TASK_ROOT"))
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            code = runner.run(_Runtime(app, address, environ).serve())
    except Exception as error:  # noqa: BLE001 - whatever the module or its lifespan raised
        code = _report_init(address, error)
    sys.exit(code)


def _report_init(address: Address, error: Exception) -> int:
    document = describe(error)
    log("initialisation failed", **document)
    try:
        exchange(address, wire.error_request(address.field, b"init/error", document["errorType"], encode(document)))
    except (OSError, wire.MalformedResponseError) as unreachable:
        log("the Runtime API cannot be told", errorMessage=str(unreachable))
    return 1


class _Runtime:
    """The pollers of one process and what they share."""

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
        """From the application's startup to its shutdown; the process's exit code."""
        loop = asyncio.get_running_loop()
        lifespan = Lifespan(self.app)
        await lifespan.startup()
        self.state = lifespan.state
        gc.freeze()  # what the start has made lives as long as the process
        gc.enable()
        if self.snap_start:
            # The snapshot is taken while this waits; every connection is made after it.
            restored = exchange(self.address, wire.get_request(self.address.field, b"restore/next"))
            if restored.status != _OK:
                raise InitError("Runtime.RestoreFailed", f"restore/next answered {restored.status}")
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
        """Stops, because the Runtime API cannot be worked with."""
        if not self.stop.announced.is_set():
            log("the Runtime API failed", errorMessage=reason)
        self.stop.announce(1)

    def _register(self, loop: asyncio.AbstractEventLoop) -> Connection | None:
        # It is not documented what a snapshot does to an extension that lives in the runtime.
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
        """Asks for the next event."""
        if self._runtime.stop.announced.is_set():
            return
        try:
            self.connection.request(self._next, self._on_event)
        except OSError as error:
            self._runtime.fail(f"/next: {error}")

    def _on_event(self, event: wire.Response | Exception) -> None:
        if isinstance(event, Exception):
            # A connection that sat idle, or in a snapshot, may have died: that alone is no failure.
            self._failures += 1
            if self._failures > _RECONNECTS:
                self._runtime.fail(f"/next: {event}")
            else:
                self.poll()
            return
        self._failures = 0
        if event.status != _OK or b"lambda-runtime-aws-request-id" not in event.headers:
            self._runtime.fail(f"/next answered {event.status}")
            return
        runtime = self._runtime
        invocation = Invocation(self.connection, runtime.address.field, event, runtime.state, runtime.stop.announced)
        # A context of its own, so that no context variable lives on into another invocation; the eager start spares
        # the first byte a turn of the loop.
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
            self._runtime.fail(f"the runtime itself failed: {type(error).__name__}")
        self.poll()

    async def _invoke(self, invocation: Invocation, event: wire.Response) -> None:
        runtime = self._runtime
        if runtime.concurrency == 1:
            # Where the X-Ray SDKs look for it. It is one for the whole process, so only one invocation can have it.
            trace_id = event.headers.get(b"lambda-runtime-trace-id")
            if trace_id:
                os.environ["_X_AMZN_TRACE_ID"] = trace_id.decode("latin-1")
            else:
                os.environ.pop("_X_AMZN_TRACE_ID", None)
        answer = await invocation.run(runtime.app)
        if isinstance(answer, Exception) or answer.status != _ACCEPTED:
            request_id = invocation.request_id.decode("latin-1")
            log("the answer was not accepted", request_id=request_id, errorMessage=_reason(answer))
        if isinstance(answer, wire.Response) and answer.status >= _SERVER_ERROR:
            runtime.fail("it cannot take answers any more")  # its documentation: exit promptly


def _reason(answer: wire.Response | Exception) -> str:
    if isinstance(answer, Exception):
        return f"connection lost, at the deadline or by a reset: {answer}"
    if answer.status == _GONE:
        return "410: the invocation is gone"
    return f"{answer.status}: {answer.body[:200].decode('utf-8', 'replace')}"
