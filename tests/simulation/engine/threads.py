"""Blocking code in simulated threads: an executor, and waiting that lets the others run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, override

if TYPE_CHECKING:
    from simulation.engine.loop import SimLoop


class SimFuture:
    """What `SimExecutor.submit` gives: `result` blocks the calling thread, not the loop."""

    def __init__(self, loop: SimLoop, future: asyncio.Future[Any]) -> None:
        self._loop = loop
        self._future = future

    def result(self, timeout: float | None = None) -> Any:  # an executor's signature
        self._loop.wait_for(self._future)
        return self._future.result()


class SimExecutor(Executor):
    """An executor for code that itself runs in a simulated thread."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop

    @override
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return SimFuture(self._loop, self._loop.run_in_executor(None, lambda: fn(*args, **kwargs)))

    @override
    def map(self, fn: Callable[..., Any], *iterables: Any, **_options: Any) -> Iterator[Any]:
        futures = [self.submit(fn, *arguments) for arguments in zip(*iterables, strict=False)]
        return (future.result() for future in futures)

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing to shut down: each call has its own thread."""
