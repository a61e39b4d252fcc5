"""One execution environment: a runtime process, its Runtime API, and Lambda's platform behaviour around them."""

import asyncio
import time
from collections.abc import Callable

from local_stack.emulator.invocation import EmulatedInvocation
from local_stack.emulator.launch import Launcher
from local_stack.emulator.runtime_api import RuntimeApi
from local_stack.http import http1
from local_stack.processes.child import Child, describe_exit
from local_stack.processes.guardian import Guardian
from local_stack.processes.memory import peak_memory_mb
from local_stack.sam.template import FunctionSpec

INIT_SECONDS = 10.0
"""Lambda's init timeout: until the runtime's first poll for an invocation."""


class SandboxInitError(Exception):
    """A sandbox that failed to initialise; `error_type` is Lambda's."""

    def __init__(self, error_type: str) -> None:
        super().__init__(error_type)
        self.error_type = error_type


class Sandbox:
    """Runs one process of a function until it exits or is killed."""

    def __init__(
        self,
        function: FunctionSpec,
        launcher: Launcher,
        guardian: Guardian,
        *,
        concurrency: int,
        log: Callable[[str], None],
    ) -> None:
        """`log` receives each line of the platform and the process."""
        self._function = function
        self._launcher = launcher
        self._guardian = guardian
        self._concurrency = concurrency
        self._log = log
        self._api = RuntimeApi(launcher.arn(function), concurrency, self)
        self._server: asyncio.Server | None = None
        self._child: Child | None = None
        self._timers: dict[EmulatedInvocation, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._initialised: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._init_error = "Runtime.ExitError"
        self._init_seconds: float | None = None
        self._peak_memory_mb = 0
        self._started = time.monotonic()
        self.claims = 0
        """Claimed places: running invocations, and callers that wait for the start."""
        self.retired = False
        """Takes no more invocations; killed when the last one has finished."""
        self.freed = asyncio.Event()
        """Set when a place becomes free, and when the process has exited."""
        self.ended = asyncio.Event()
        self.idle_since = time.monotonic()

    @property
    def ready(self) -> bool:
        """True while initialised and alive."""
        return self._initialised.done() and not self._initialised.cancelled() and not self.ended.is_set()

    @property
    def has_place(self) -> bool:
        """True if another invocation can be claimed."""
        return self.claims < self._concurrency and not self.retired and not self.ended.is_set()

    @property
    def finishing(self) -> bool:
        """True if a response is complete and its place becomes free at the runtime's next poll."""
        return not self.retired and any(invocation.over.is_set() for invocation in self._timers)

    async def start(self) -> None:
        """Starts and monitors the process. `initialised` waits until it is ready."""
        listener = http1.bind("127.0.0.1", 0)
        port = listener.getsockname()[1]
        self._server = await http1.serve(listener, self._api.handle)
        self._log(f"INIT_START Runtime Version: {self._launcher.runtime(self._function)}")
        launch = self._launcher.launch(self._function, f"127.0.0.1:{port}", self._concurrency)
        try:
            self._child = await Child.start(launch.command, env=launch.env, cwd=launch.cwd, guardian=self._guardian)
        except OSError as error:
            self._log(f"The process cannot be started: {error}")
            await self._end("Runtime.InvalidEntrypoint")
            return
        if self.retired:
            self._child.kill()
        self._spawn(self._watch(self._child))
        self._spawn(self._limit_init())

    async def initialised(self) -> None:
        """Waits for the runtime's first poll for an invocation.

        Raises:
            SandboxInitError: the process exited or the init timeout expired before it.
        """
        await asyncio.shield(self._initialised)

    def submit(self, invocation: EmulatedInvocation) -> None:
        """Runs the invocation in a place that the caller has claimed."""
        invocation.start()
        self.freed.clear()
        self._log(f"START RequestId: {invocation.request_id} Version: $LATEST")
        loop = asyncio.get_running_loop()
        self._timers[invocation] = loop.call_later(
            invocation.timeout_seconds, lambda: self._spawn(self._time_out(invocation))
        )
        self._api.submit(invocation)

    def retire(self) -> None:
        """Takes no more invocations; ends when those in flight have finished."""
        self.retired = True
        if not self.claims:
            self.kill()

    def kill(self) -> None:
        """Kills the process."""
        self.retired = True
        if self._child is not None:
            self._child.kill()

    def runtime_ready(self) -> None:
        self._measure()
        if not self._initialised.done():
            self._init_seconds = time.monotonic() - self._started
            self._log(f"INIT_END Init Duration: {self._init_seconds * 1000:.2f} ms")
            self._initialised.set_result(None)
        elif self._concurrency == 1:
            for invocation in tuple(self._timers):
                self._free(invocation)

    def runtime_init_failed(self, error_type: str) -> None:
        self._init_error = error_type

    def invocation_over(self, invocation: EmulatedInvocation) -> None:
        if invocation not in self._timers:
            return
        invocation.ended = time.monotonic()
        # A runtime without concurrency is busy until it polls for the next invocation.
        if self._concurrency > 1:
            self._measure()
            self._free(invocation)

    def _free(self, invocation: EmulatedInvocation, status: str = "") -> None:
        timer = self._timers.pop(invocation, None)
        if timer is None:
            return
        timer.cancel()
        self._report(invocation, status)
        self.claims -= 1
        self.freed.set()
        self.idle_since = time.monotonic()
        if self.retired and not self.claims:
            self.kill()

    def _report(self, invocation: EmulatedInvocation, status: str) -> None:
        duration_ms = ((invocation.ended or time.monotonic()) - invocation.started) * 1000
        init, self._init_seconds = self._init_seconds, None
        parts = [
            f"REPORT RequestId: {invocation.request_id}",
            f"Duration: {duration_ms:.2f} ms",
            f"Billed Duration: {int(duration_ms) + 1} ms",
            f"Memory Size: {self._function.memory_mb} MB",
            f"Max Memory Used: {self._peak_memory_mb} MB",
            *([f"Init Duration: {init * 1000:.2f} ms"] if init is not None else []),
            *([f"Status: {status}"] if status else []),
        ]
        self._log(f"END RequestId: {invocation.request_id}")
        self._log("\t".join(parts))

    async def _time_out(self, invocation: EmulatedInvocation) -> None:
        if invocation not in self._timers:
            return
        self._log(f"RequestId: {invocation.request_id} Task timed out after {invocation.timeout_seconds:.2f} seconds")
        self._api.abandon(invocation)
        self._measure()
        if self._concurrency == 1:
            self.kill()
        await invocation.fail("Sandbox.Timedout")
        self._free(invocation, "timeout")

    def _measure(self) -> None:
        if self._child is not None:
            self._peak_memory_mb = max(self._peak_memory_mb, peak_memory_mb(self._child.pid))

    async def _limit_init(self) -> None:
        done, _ = await asyncio.wait({self._initialised}, timeout=INIT_SECONDS)
        if not done:
            self._init_error = "Sandbox.Timedout"
            self._log(f"INIT_REPORT Init Duration: {INIT_SECONDS * 1000:.2f} ms\tPhase: init\tStatus: timeout")
            self.kill()

    async def _watch(self, child: Child) -> None:
        code = await child.run(self._log)
        if not self._initialised.done():
            milliseconds = (time.monotonic() - self._started) * 1000
            if not self.retired:
                self._log(
                    f"INIT_REPORT Init Duration: {milliseconds:.2f} ms\tPhase: init\tStatus: error"
                    f"\tError Type: {self._init_error}"
                )
        elif self._timers:
            for invocation in self._timers:
                self._log(
                    f"RequestId: {invocation.request_id} Error: Runtime exited with error: {describe_exit(code)}"
                    "\tRuntime.ExitError"
                )
        await self._end(self._init_error)

    async def _end(self, error_type: str) -> None:
        self.ended.set()
        self.freed.set()
        if not self._initialised.done():
            self._initialised.set_exception(SandboxInitError(error_type))
            self._initialised.exception()  # marks it as retrieved: there may be no waiter
        for invocation in tuple(self._timers):
            await invocation.fail("Runtime.ExitError")
            self._free(invocation, "error\tError Type: Runtime.ExitError")
        if self._server is not None:
            self._server.close()
            self._server.close_clients()

    def _spawn(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
