"""Closes a connection that has received more bytes than its response, so that it is not reused.

The HTTP client would read the surplus as the response to the next request, which may be another user's. The check comes
before the client frees the connection. Afterwards another request may have it, and bytes received there belong to its
response.

The client does not expose the surplus, so this module reads private attributes of httpx2 and httpcore2. If they are
missing, it closes the connection.
"""

from collections.abc import AsyncIterator
from typing import Any, override

import httpx2

_PATH = ("_stream", "_httpcore_stream", "_stream", "_connection", "_h11_state")


async def close_if_surplus(response: httpx2.Response) -> None:
    """A response hook for an SDK's HTTP client: checks the connection when the response is closed or fully read."""
    response.stream = _CheckedStream(response)


class _CheckedStream(httpx2.AsyncByteStream):
    """The body of a response."""

    def __init__(self, response: httpx2.Response) -> None:
        self._stream: Any = response.stream
        self._network = response.extensions.get("network_stream")

    @override
    def __aiter__(self) -> AsyncIterator[bytes]:
        chunks: AsyncIterator[bytes] = aiter(self._stream)
        return chunks

    @override
    async def aclose(self) -> None:
        """Frees the connection. The client closes it instead if the response was not read to its end."""
        try:
            await self._close_if_surplus()
        finally:
            await self._stream.aclose()

    async def _close_if_surplus(self) -> None:
        state: Any = self._stream
        for name in _PATH:
            state = getattr(state, name, None)
        if state is None:
            if self._network is not None:
                await self._network.aclose()
        elif state.trailing_data[0]:
            state.send_failed()  # h11: the connection is not reusable
