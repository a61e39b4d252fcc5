"""Finds a request's bearer token."""

from starlette.requests import HTTPConnection

COOKIE = "chat_token"
"""For browsers, whose `EventSource` sends no headers. It does not enable cross-site request forgery: endpoints that
change state accept JSON only, which other sites cannot send without CORS."""


def bearer_token(request: HTTPConnection) -> str | None:
    """The token of the Authorization header (RFC 6750, section 2.1), else that of the cookie; None without either."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and (token := token.strip()):
        return token
    return request.cookies.get(COOKIE) or None
