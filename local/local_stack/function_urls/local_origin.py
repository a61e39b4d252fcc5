"""Which requests come from this machine, and CORS for those of its pages that another server serves.

A page on `http://localhost:5173` is of another origin than the stack, and for a browser even of another site than
`http://127.0.0.1:3000`; it is this machine's nevertheless.
"""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from local_stack.function_urls.cors import is_preflight
from local_stack.http.http1 import Exchange, Headers
from local_stack.http.problems import problem

type Handler = Callable[[Exchange], Awaitable[None]]

_MAX_AGE_SECONDS = 3600


def for_this_machine(handler: Handler) -> Handler:
    """The handler for requests of this machine's programs and pages; any other is refused."""

    async def handle(exchange: Exchange) -> None:
        if not _is_from_here(exchange):
            await problem(exchange, 403, "forbidden", "This is only for pages and programs of this very machine.")
        elif is_preflight(exchange):
            await exchange.respond(204, _preflight_headers(exchange))
        else:
            exchange.extra_headers = _headers(exchange)
            await handler(exchange)

    return handle


def _is_from_here(exchange: Exchange) -> bool:
    """Not a stranger's page in this machine's browser, nor one whose name was made to point here (DNS rebinding)."""
    host = _hostname(f"//{exchange.header('host') or ''}")
    if not (_is_address(host) or _is_localhost(host) or "." not in host):
        return False
    if (origin := exchange.header("origin")) is None:
        return exchange.header("sec-fetch-site") != "cross-site"
    name = _hostname(origin)
    return name != "" and (name == host or _is_localhost(name) or (_is_address(name) and ip_address(name).is_loopback))


def _headers(exchange: Exchange) -> Headers:
    origin = exchange.header("origin")
    allowed = [] if origin is None else [("access-control-allow-origin", origin)]
    return [*allowed, ("vary", "Origin")]


def _preflight_headers(exchange: Exchange) -> Headers:
    return [
        *_headers(exchange),
        ("access-control-allow-methods", "GET, HEAD"),
        ("access-control-allow-headers", exchange.header("access-control-request-headers") or "*"),
        ("access-control-max-age", str(_MAX_AGE_SECONDS)),
    ]


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_localhost(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
