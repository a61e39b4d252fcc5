"""Configures the SDKs' HTTP clients, the same for every provider."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

from chat_stream.providers import retries
from chat_stream.providers.failures.retry_after import retry_after_seconds
from chat_stream.providers.failures.translation import UnreadableRefusalError
from chat_stream.providers.settings import Timing
from chat_stream.providers.surplus import close_if_surplus

MAX_RETRIES = 2
"""The SDKs retry 408, 409, 429, 5xx and connection errors, with jitter or after the time in `retry-after`.

They retry only before a stream begins. All attempts share the timeout for the first token.
"""

REFUSAL_SECONDS = 2.0
"""The timeout for the body of a refusal. Its status alone is enough to handle it."""

_REFUSAL = 300
"""The lowest status code that counts as a refusal."""


def client_options(timing: Timing) -> dict[str, Any]:
    """Arguments for an SDK's `DefaultAsyncHttpxClient`.

    Only connecting has an HTTP timeout; the answer's watchdog limits everything else. Redirects are not followed, so
    prompts and keys go only to the configured address.
    """
    return {
        "follow_redirects": False,
        "timeout": httpx2.Timeout(None, connect=timing.connect_seconds),
        "event_hooks": {
            "request": [retries.note],
            "response": [
                close_if_surplus,
                _read_refusal,
                _no_long_waits(timing.first_token_seconds / (MAX_RETRIES + 1)),
            ],
        },
    }


async def _read_refusal(response: httpx2.Response) -> None:
    """Reads the body of a refusal before the SDK does.

    The SDK would report a body that breaks off as a connection error and hide the status.

    Raises:
        UnreadableRefusalError: the body could not be read.
    """
    if response.status_code < _REFUSAL:
        return
    try:
        async with asyncio.timeout(REFUSAL_SECONDS):
            await response.aread()
    except (httpx2.RequestError, OSError) as error:
        raise UnreadableRefusalError(response) from error


def _no_long_waits(max_seconds: float) -> Callable[[httpx2.Response], Awaitable[None]]:
    """Prevents a retry if `retry-after` is longer than `max_seconds`: the user gets the refusal instead of a timeout.

    Both SDKs check the header `x-should-retry` before anything else.
    """

    async def hook(response: httpx2.Response) -> None:
        if response.status_code >= _REFUSAL and (retry_after_seconds(response.headers) or 0) > max_seconds:
            response.headers["x-should-retry"] = "false"

    return hook
