"""An event loop that skips waits: its clock jumps to the next timer when nothing else is left to do.

While a worker thread runs, the loop waits for it in real time. Sockets are not supported: nothing tells the loop that
a peer is about to write.
"""

import asyncio
import selectors
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, override


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Timers fire in order and at their exact time, however busy the machine is."""

    def __init__(self) -> None:
        self.now = 0.0
        self.threads = 0
        super().__init__(_SkippingSelector(self))

    @override
    def time(self) -> float:
        return self.now

    @override
    def run_in_executor[T, *Ts](
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        running = super().run_in_executor(executor, func, *args)
        self.threads += 1
        running.add_done_callback(self._thread_ended)
        return running

    @override
    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        self.threads += 1
        await super().shutdown_default_executor(timeout)

    def _thread_ended(self, _: asyncio.Future[Any]) -> None:
        self.threads -= 1


class _SkippingSelector(selectors.DefaultSelector):
    def __init__(self, loop: "VirtualTimeLoop") -> None:
        super().__init__()
        self._loop = loop

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready after at most `timeout` seconds of virtual time; `None` waits for a thread."""
        waits_for_thread = timeout is None or self._loop.threads
        began = time.monotonic()
        ready = super().select(timeout if waits_for_thread else 0)
        if waits_for_thread:
            self._loop.now += time.monotonic() - began
        elif not ready:
            self._loop.now += timeout or 0.0
        return ready
