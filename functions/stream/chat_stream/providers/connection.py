"""How the SDKs' HTTP clients are set up, the same for all."""

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
"""The SDKs retry 408, 409, 429, 5xx and connection errors, with jitter or as `retry-after` says.

Before a stream begins only, and all within the time for the first token.
"""

REFUSAL_SECONDS = 2.0
"""How long the body of a refusal may take; its status says enough."""

_REFUSAL = 300
"""The first status that is one."""


def client_options(timing: Timing) -> dict[str, Any]:
    """Arguments for an SDK's `DefaultAsyncHttpxClient`.

    Only connecting has a timeout of its own: for all else the answer's watchdog is there. Prompts and keys are sent to
    the configured address only, never to where a redirect points.
    """
    return {
        "follow_redirects": False,
        "timeout": httpx2.Timeout(None, connect=timing.connect_seconds),
        "event_hooks": {
            "request": [retries.note],
            "response": [_read_refusal, _no_long_waits(timing.first_token_seconds / (MAX_RETRIES + 1))],
        },
    }


async def _read_refusal(response: httpx2.Response) -> None:
    """Reads it for the SDK, which would take a body that breaks off for the failure."""
    if response.status_code < _REFUSAL:
        return
    try:
        async with asyncio.timeout(REFUSAL_SECONDS):
            await response.aread()
            await close_if_surplus(response)
    except (httpx2.RequestError, OSError) as error:
        raise UnreadableRefusalError(response) from error


def _no_long_waits(max_seconds: float) -> Callable[[httpx2.Response], Awaitable[None]]:
    """Does not wait for a `retry-after` that exceeds the time for the first token: the error reports it instead.

    `x-should-retry` is what the SDKs look at before anything else.
    """

    async def hook(response: httpx2.Response) -> None:
        if response.status_code >= _REFUSAL and (retry_after_seconds(response.headers) or 0) > max_seconds:
            response.headers["x-should-retry"] = "false"

    return hook
