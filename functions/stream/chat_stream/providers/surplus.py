"""Keeps a connection from being used again when more has come over it than the response.

The HTTP client would take the rest for the response to the next question, which may be another user's. It tells nobody
of that rest, so this looks at private attributes of httpx2 and httpcore2. Where they are not found the connection is
closed.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2

_PATH = ("stream", "_stream", "_httpcore_stream", "_stream", "_connection", "_h11_state")


async def close_if_surplus(response: "httpx2.Response") -> None:
    """Closes the connection of a response that has been read to its end, if more is there."""
    found: Any = response
    for name in _PATH:
        found = getattr(found, name, None)
    rest: bytes | None = None if found is None else found.trailing_data[0]
    if rest != b"" and (stream := response.extensions.get("network_stream")) is not None:
        await stream.aclose()
