"""A call timeout that counts only time the process was free to receive the reply.

The budget is spent in slices. A busy process (an import, many streams, a loaded machine) wakes late from a slice, but a
late wake-up still spends one slice. Delays of this process therefore do not open the breaker.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future, wait
from contextlib import asynccontextmanager

SLICES = 10
MAX_WALL_FACTOR = 5
"""Multiple of the budget, in wall time, after which the call is cancelled however busy the process is."""


@asynccontextmanager
async def awake_timeout(seconds: float) -> AsyncIterator[None]:
    """Cancels the block when its budget of `seconds` is used up.

    Raises:
        TimeoutError: it was cancelled.
    """
    loop = asyncio.get_running_loop()
    latest = loop.time() + MAX_WALL_FACTOR * seconds
    timer = None
    async with asyncio.timeout(None) as timeout:

        def spend(slices: int) -> None:
            nonlocal timer
            if slices == 0 or loop.time() >= latest:
                timeout.reschedule(loop.time())
            else:
                timer = loop.call_later(seconds / SLICES, spend, slices - 1)

        spend(SLICES)
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()


def result_in_time[T](call: Future[T], seconds: float) -> T:
    """The result of a call in another thread, or its error.

    Raises:
        TimeoutError: the budget of `seconds` is spent.
    """
    for _ in range(SLICES):
        if wait((call,), seconds / SLICES).done:
            return call.result()
    raise TimeoutError
