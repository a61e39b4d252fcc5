"""A function's sandboxes: warm ones are reused, new ones are started on demand up to a limit."""

import asyncio
import contextlib
import time
from collections.abc import Callable

from local_stack.emulator.invocation import EmulatedInvocation, ResponseSink
from local_stack.emulator.sandbox import Sandbox, SandboxInitError
from local_stack.metrics.lambda_metrics import LambdaMetrics
from local_stack.sam.template import FunctionSpec

_GRACE_SECONDS = 0.25
SandboxFactory = Callable[[FunctionSpec], Sandbox]


class ThrottledError(Exception):
    """All processes of the function are busy and the limit is reached."""


class Pool:
    """Runs invocations of one function."""

    def __init__(
        self, function: FunctionSpec, make_sandbox: SandboxFactory, *, max_processes: int, metrics: LambdaMetrics
    ) -> None:
        self.metrics = metrics
        self._function = function
        self._make_sandbox = make_sandbox
        self._max_processes = max_processes
        self._sandboxes: list[Sandbox] = []

    @property
    def function(self) -> FunctionSpec:
        return self._function

    async def invoke(self, event: bytes, response: ResponseSink) -> None:
        """Runs the function; returns when its response is complete or has failed.

        Raises:
            ThrottledError: no process is free and the limit is reached.
        """
        while True:
            sandbox = await self._claim()
            try:
                await sandbox.initialised()
            except SandboxInitError as error:
                sandbox.claims -= 1
                self.metrics.invocation_started()
                await response.fail(error.error_type)
                self.metrics.invocation_ended(0, failed=True)
                return
            if not sandbox.ended.is_set():
                break
        invocation = EmulatedInvocation(event, response, self._function.timeout_seconds)
        sandbox.submit(invocation)
        self.metrics.invocation_started()
        try:
            await invocation.over.wait()
        finally:
            ended = invocation.ended or time.monotonic()
            self.metrics.invocation_ended(ended - invocation.started, failed=invocation.failed)

    async def warm_up(self) -> None:
        """Starts a process if none is alive; waits until it is initialised or has failed."""
        if self._alive():
            return
        sandbox = await self._add(claims=0)
        with contextlib.suppress(SandboxInitError):
            await sandbox.initialised()

    def replace(self, function: FunctionSpec) -> None:
        """Retires all processes; new ones run the new code and settings."""
        self._function = function
        self.retire()

    def retire(self) -> None:
        """Stops assigning invocations to the current processes; those in flight finish."""
        for sandbox in self._alive():
            sandbox.retire()

    def reap(self, idle_seconds: float) -> None:
        """Ends processes that have been idle for `idle_seconds`, except the most recently used one."""
        idle = sorted((s for s in self._alive() if not s.claims and s.ready), key=lambda s: s.idle_since)
        for sandbox in idle[:-1]:
            if time.monotonic() - sandbox.idle_since >= idle_seconds:
                sandbox.retire()

    async def stop(self) -> None:
        """Kills all processes."""
        for sandbox in self._sandboxes:
            sandbox.kill()
        await asyncio.gather(*(sandbox.ended.wait() for sandbox in self._sandboxes))

    async def _claim(self) -> Sandbox:
        """Claims a place in a sandbox: the most recently used warm one, else a starting one, else a new one."""
        candidates = [sandbox for sandbox in self._alive() if sandbox.has_place]
        if not candidates and (finishing := [sandbox for sandbox in self._alive() if sandbox.finishing]):
            # A client can send its next request before the runtime has polled for one.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(finishing[0].freed.wait(), _GRACE_SECONDS)
            candidates = [sandbox for sandbox in self._alive() if sandbox.has_place]
        if candidates:
            sandbox = max(candidates, key=lambda s: (s.ready, s.idle_since))
            sandbox.claims += 1
            return sandbox
        if len(self._alive()) >= self._max_processes:
            self.metrics.throttled()
            raise ThrottledError
        return await self._add(claims=1)

    async def _add(self, *, claims: int) -> Sandbox:
        sandbox = self._make_sandbox(self._function)
        sandbox.claims = claims
        self._sandboxes.append(sandbox)
        await sandbox.start()
        return sandbox

    def _alive(self) -> list[Sandbox]:
        """The sandboxes that take invocations; drops ended ones."""
        self._sandboxes = [sandbox for sandbox in self._sandboxes if not sandbox.ended.is_set()]
        return [sandbox for sandbox in self._sandboxes if not sandbox.retired]
