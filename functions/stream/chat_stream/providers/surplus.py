"""Closes a connection that has received more bytes than the response, so that it is not reused.

The HTTP client would read the surplus as the response to the next request, which may be another user's. The client does
not expose the surplus, so this module reads private attributes of httpx2 and httpcore2. If they are missing, it closes
the connection.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2

_PATH = ("stream", "_stream", "_httpcore_stream", "_stream", "_connection", "_h11_state")


async def close_if_surplus(response: "httpx2.Response") -> None:
    """Closes the connection of a fully read response if it received surplus bytes."""
    found: Any = response
    for name in _PATH:
        found = getattr(found, name, None)
    rest: bytes | None = None if found is None else found.trailing_data[0]
    if rest != b"" and (stream := response.extensions.get("network_stream")) is not None:
        await stream.aclose()
