"""Runs blocking calls (PynamoDB, JWKS, Secrets Manager) in threads, off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

THREADS = 32


def install_executor() -> ThreadPoolExecutor:
    """Installs a default executor with enough threads for blocking network calls on the running loop."""
    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="blocking")
    asyncio.get_running_loop().set_default_executor(executor)
    return executor


async def in_thread[**P, T](call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs a blocking call in a thread and awaits its result."""
    return await asyncio.to_thread(call, *args, **kwargs)


async def in_thread_to_the_end[**P, T](call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Like `in_thread`, but a cancellation waits for the thread to finish, so that later calls cannot race with it."""
    running = asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        if not running.cancelled():
            running.exception()  # mark the exception as retrieved
        raise
