"""Blocking calls (PynamoDB, JWKS, Secrets Manager) off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

THREADS = 32


def install_executor() -> ThreadPoolExecutor:
    """Makes the running loop's default executor wide enough for waiting on the network."""
    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="blocking")
    asyncio.get_running_loop().set_default_executor(executor)
    return executor


async def in_thread[**P, T](call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Awaits a blocking call."""
    return await asyncio.to_thread(call, *args, **kwargs)


async def in_thread_to_the_end[**P, T](call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As `in_thread`, but a cancellation waits until the thread is through: what comes next must not race with it."""
    running = asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        if not running.cancelled():
            running.exception()  # retrieved, so that asyncio does not log it
        raise
