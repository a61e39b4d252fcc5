"""Blocks pages of other sites from the stack's unauthenticated endpoints; answers CORS for pages on localhost.

A browser on this machine opens pages of any site, and each could request a token from the stack. Such requests are
recognised by `Origin`, by `Sec-Fetch-Site` or, under DNS rebinding, by `Host`. A page on `http://localhost:5173` has
another origin than the stack, and for a browser even another site than `http://127.0.0.1:3000`, but is allowed.

This is not access control: a program can send any header, and with `HOST=0.0.0.0` any machine of the network can too.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from local_stack.function_urls.cors import is_preflight
from local_stack.http.http1 import Exchange, Handler, Headers
from local_stack.http.problems import problem

_MAX_AGE_SECONDS = 3600
_OTHER_SITE = (
    "The request comes from a page of {}: serve the page on localhost or 127.0.0.1 (any port), or use a program such "
    "as curl."
)


def reject_cross_site(handler: Handler) -> Handler:
    """Wraps a handler to reject a browser's request from a page of another site with 403.

    Requests of programs, of the stack's own pages and of pages on localhost pass; the last get CORS headers, and their
    preflights are answered here. The module docstring lists what this does not protect from.
    """

    async def handle(exchange: Exchange) -> None:
        if (reason := _rejection(exchange)) is not None:
            await problem(exchange, 403, "forbidden", reason)
        elif is_preflight(exchange):
            await exchange.respond(204, _preflight_headers(exchange))
        else:
            exchange.extra_headers = _headers(exchange)
            await handler(exchange)

    return handle


def _rejection(exchange: Exchange) -> str | None:
    """Why the request is rejected and what to do; None if it is allowed."""
    host = _hostname(f"//{exchange.header('host') or ''}")
    if not (_is_address(host) or _is_localhost(host) or "." not in host):
        return f"The stack does not answer as {host}: use localhost or this machine's IP address in the URL."
    origin = exchange.header("origin")
    if origin is None:
        return None if exchange.header("sec-fetch-site") != "cross-site" else _OTHER_SITE.format("another site")
    name = _hostname(origin)
    if name and (name == host or _is_localhost(name) or (_is_address(name) and ip_address(name).is_loopback)):
        return None
    return _OTHER_SITE.format(origin)


def _headers(exchange: Exchange) -> Headers:
    origin = exchange.header("origin")
    allowed = [] if origin is None else [("access-control-allow-origin", origin)]
    return [*allowed, ("vary", "Origin")]


def _preflight_headers(exchange: Exchange) -> Headers:
    return [
        *_headers(exchange),
        ("access-control-allow-methods", "GET, HEAD, POST"),
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
