"""An event loop on virtual time, shared by all simulated processes.

A callback belongs to the process that scheduled it (a context variable says which). The callbacks of one process run
in order, as asyncio promises; which process comes next is drawn. A frozen process keeps what becomes ready until it
goes on; a killed one loses it, `finally` blocks included, as after SIGKILL.
"""

import asyncio
from asyncio import events
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context, copy_context
from heapq import heappop, heappush
from random import Random
from typing import Any, override

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]

from simulation.engine.process import CURRENT, Process

BURST = 4
"""Callbacks of one process that run before another process may be drawn."""
MAX_CALLBACKS = 2_000_000
"""In one run; more means that something spins without letting time pass."""


RESOLUTION_SECONDS = 1e-6


class SpinError(Exception):
    """Callbacks follow each other without an end while the time stands still."""


class Handle:
    """A scheduled callback; a timer if it has a time."""

    __slots__ = ("args", "callback", "context", "process", "time")

    def __init__(
        self, callback: Callable[..., object], args: tuple[Any, ...], context: Context, process: Process, time: float
    ) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args = args
        self.context = context
        self.process = process
        self.time = time

    def cancel(self) -> None:
        self.callback = None
        self.args = ()

    def cancelled(self) -> bool:
        return self.callback is None

    def when(self) -> float:
        return self.time


class SimLoop(asyncio.AbstractEventLoop):
    """Runs until the main coroutine is done. `run_in_executor` makes simulated threads (see `engine.threads`)."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._now = 0.0
        self._timers: list[tuple[float, int, Handle]] = []
        self._sequence = 0
        self._working: list[Process] = []
        self._failures: list[dict[str, Any]] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self._threads: list[greenlet] = []
        self._hub: greenlet = getcurrent()
        self.callbacks = 0

    # What asyncio's futures, tasks and timeouts ask of a loop.

    @override
    def time(self) -> float:
        return self._now

    @override
    def get_debug(self) -> bool:
        return False

    @override
    def is_running(self) -> bool:
        return True

    @override
    def is_closed(self) -> bool:
        return False

    @override
    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    @override
    def create_task[T](self, coro: Coroutine[Any, Any, T], **options: Any) -> asyncio.Task[T]:
        task = asyncio.Task(coro, loop=self, **options)
        self._tasks.append(task)
        return task

    @override
    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        if context is None:
            context = copy_context()
        handle = Handle(callback, args, context, context[CURRENT], 0.0)
        self._make_ready(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    @override
    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        # As with a real clock, which advances while code runs, an unfinished wait takes some time.
        return self.call_at(self._now + max(delay, RESOLUTION_SECONDS), callback, *args, context=context)

    @override
    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        if context is None:
            context = copy_context()
        handle = Handle(callback, args, context, context[CURRENT], when)
        self._sequence += 1
        heappush(self._timers, (when, self._sequence, handle))
        return handle

    @override
    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """A simulated thread of the current process. It starts like any other callback, when its turn comes."""
        future = self.create_future()
        self.call_soon(self.start_thread, future, func, *args)
        return future

    @override
    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self._failures.append(context)

    # Processes.

    def freeze(self, process: Process) -> None:
        process.frozen = True
        if process.queued:
            self._working.remove(process)
            process.queued = False

    def thaw(self, process: Process) -> None:
        process.frozen = False
        process.thawed_at = self._now
        if process.ready and not process.dead and not process.queued:
            process.queued = True
            self._working.append(process)

    def kill(self, process: Process) -> None:
        process.dead = True
        process.ready.clear()
        if process.queued:
            self._working.remove(process)
            process.queued = False

    # Threads.

    def start_thread(self, future: asyncio.Future[Any], func: Callable[..., Any], *args: Any) -> None:
        """Runs `func` until it first waits; then the loop continues."""

        def run() -> None:
            try:
                result = func(*args)
            except BaseException as error:  # noqa: BLE001  # as an executor's thread
                if not future.cancelled():
                    future.set_exception(error)
            else:
                if not future.cancelled():
                    future.set_result(result)

        thread = greenlet(run, parent=self._hub)
        thread.gr_context = copy_context()
        self._threads.append(thread)
        thread.switch()

    def pause(self, seconds: float) -> None:
        """Blocks the simulated thread that calls it."""
        thread = getcurrent()
        if thread is self._hub:
            raise RuntimeError("only a simulated thread may wait")
        self.call_later(seconds, thread.switch)
        self._hub.switch()

    def wait_for(self, future: asyncio.Future[Any]) -> None:
        """Blocks the simulated thread that calls it until the future is done."""
        if not future.done():
            thread = getcurrent()
            future.add_done_callback(lambda _: thread.switch())
            self._hub.switch()

    # The run.

    def run(self, process: Process, main: Coroutine[Any, Any, None]) -> None:
        """Runs `main` in `process` to its end, and everything that it starts as long as that lasts.

        Raises:
            SpinError: see there.
            RuntimeError: nothing is left that could finish `main`.
        """
        previous = events._get_running_loop()  # as `asyncio.run` does
        events._set_running_loop(self)
        self._hub = getcurrent()
        try:
            context = copy_context()
            context.run(CURRENT.set, process)
            task = context.run(self.create_task, main)
            while not task.done():
                self._step()
            task.result()
        finally:
            events._set_running_loop(previous)

    def failures(self) -> list[str]:
        """What asyncio would log: errors in callbacks, and unretrieved exceptions of tasks.

        A killed process logs nothing: its callbacks, which would have retrieved them, do not run.
        """
        reported = [f"{context.get('message')}: {context.get('exception')!r}" for context in self._failures]
        lost = [
            f"{task.get_coro().__qualname__}: {task.exception()!r}"  # type: ignore[union-attr]
            for task in self._tasks
            if task.done() and not task.cancelled() and task._log_traceback and not task.get_context()[CURRENT].dead
        ]
        return reported + lost

    def unfinished(self) -> list[str]:
        """Process and coroutine of each task of a living process that is not done."""
        return [
            f"{process.name}: {task.get_coro().__qualname__}"  # type: ignore[union-attr]
            for task in self._tasks
            if not task.done() and not (process := task.get_context()[CURRENT]).dead
        ]

    def forget(self) -> None:
        """Closes what is left. What it does in its `finally` blocks comes to nothing: no callback runs any more.

        The caller suppresses the errors that this causes (`engine.quiet.quiet`).
        """
        events._set_running_loop(self)
        try:
            for task in self._tasks:
                if not task.done():
                    task._log_destroy_pending = False  # type: ignore[attr-defined]
                    with suppress(BaseException):
                        task.get_coro().close()  # type: ignore[union-attr]
            for thread in self._threads:
                if thread:
                    with suppress(BaseException):
                        thread.throw()
        finally:
            events._set_running_loop(None)
        self._timers.clear()
        self._working.clear()

    def _make_ready(self, handle: Handle) -> None:
        process = handle.process
        if process.dead:
            return
        process.ready.append(handle)
        if not process.queued and not process.frozen:
            process.queued = True
            self._working.append(process)

    def _step(self) -> None:
        working = self._working
        if not working:
            self._advance()
            return
        at = int(self._random.random() * len(working)) if len(working) > 1 else 0
        process = working[at]
        ready = process.ready
        for _ in range(BURST):
            if not ready:
                break
            handle = ready.popleft()
            if handle.callback is not None:
                self.callbacks += 1
                handle.context.run(handle.callback, *handle.args)
            if process.frozen or process.dead:
                return
        if not ready and process.queued:
            process.queued = False
            working.remove(process)
        if self.callbacks > MAX_CALLBACKS:
            raise SpinError(f"{self.callbacks} callbacks")

    def _advance(self) -> None:
        timers = self._timers
        while timers and (timers[0][2].callback is None or timers[0][2].process.dead):
            heappop(timers)
        if not timers:
            raise RuntimeError("nothing is left to happen, and the run has not ended")
        self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            handle = heappop(timers)[2]
            if handle.callback is not None:
                self._make_ready(handle)


def simulated_loop(random: Random) -> SimLoop:
    """A loop; asyncio's abstract methods for sockets, signals and subprocesses are not needed."""
    return SimLoop(random)  # type: ignore[abstract]
