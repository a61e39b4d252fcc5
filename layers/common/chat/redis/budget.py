"""A limit on the time of a call, fair to calls whose event loop was held up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LATE_SECONDS = 0.02
"""A timer that fires this late says that the loop stood still, not that the server was slow."""
GRACE_SECONDS = 0.02
"""What a call gets on top then: its answer may have been there all the while."""


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Cancels what runs in the block after `seconds`.

    Raises:
        TimeoutError: it was cancelled.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    async with asyncio.timeout(None) as timeout:

        def on_time() -> None:
            late = loop.time() - deadline >= LATE_SECONDS
            timeout.reschedule(loop.time() + (GRACE_SECONDS if late else 0))

        timer = loop.call_at(deadline, on_time)
        try:
            yield
        finally:
            timer.cancel()
