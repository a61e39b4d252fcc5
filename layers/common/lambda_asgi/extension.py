"""Registers the runtime as an internal extension, because Lambda sends SIGTERM only if an extension is registered.

The extension subscribes to no events, so it has no work and no invocation waits for it. AWS's Rust runtime does the
same (`spawn_graceful_shutdown_handler` of github.com/aws/aws-lambda-rust-runtime). The protocol is documented at
docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html.
"""

from __future__ import annotations

from lambda_asgi.connection import Connection, exchange
from lambda_asgi.errors import log
from lambda_asgi.wire import MalformedResponseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio

    from lambda_asgi.connection import Address
    from lambda_asgi.wire import Response


_API = b"/2020-01-01/extension"
_NAME = b"lambda_asgi"
_EVENTS = b'{"events":[]}'
_OK = 200


def register(loop: asyncio.AbstractEventLoop, address: Address) -> Connection | None:
    """Registers the extension before the first ``/next`` and returns the connection of its long poll.

    Returns None if the registration fails. The failure is logged, and the function runs without the extension.
    """
    try:
        response = exchange(address, _register_request(address.field))
        identifier = response.headers.get(b"lambda-extension-identifier")
        if response.status != _OK or identifier is None:
            log("not registered as an extension", errorMessage=f"extension/register returned {response.status}")
            return None
        connection = Connection(loop, address)
        connection.request(_next_request(address.field, identifier), _ignore)
    except (OSError, MalformedResponseError) as error:
        log("not registered as an extension", errorMessage=str(error))
        return None
    return connection


def _register_request(host: bytes) -> bytes:
    return (
        b"POST %b/register HTTP/1.1\r\nHost: %b\r\nLambda-Extension-Name: %b\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    ) % (_API, host, _NAME, len(_EVENTS), _EVENTS)


def _next_request(host: bytes, identifier: bytes) -> bytes:
    """The long poll. Lambda's initialisation phase ends only after every extension has requested an event."""
    return b"GET %b/event/next HTTP/1.1\r\nHost: %b\r\nLambda-Extension-Identifier: %b\r\n\r\n" % (
        _API,
        host,
        identifier,
    )


def _ignore(_: Response | Exception) -> None:
    """Ignores the result: the extension has no events, and a lost connection has no effect."""
