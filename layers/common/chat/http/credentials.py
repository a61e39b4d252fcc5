"""Finds a request's bearer token."""

from starlette.requests import HTTPConnection

COOKIE = "chat_token"
"""For browsers, whose `EventSource` sends no headers. It does not enable cross-site request forgery: requests that
change state must be JSON, which a page of another site may not send without CORS."""


def bearer_token(request: HTTPConnection) -> str | None:
    """The token of the Authorization header (RFC 6750, section 2.1), otherwise of the cookie; None without either."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and (token := token.strip()):
        return token
    return request.cookies.get(COOKIE) or None
