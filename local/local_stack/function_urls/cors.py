"""CORS as Function URLs apply it: their configuration overrides the function's own headers.

Source: docs.aws.amazon.com/lambda/latest/api/API_Cors.html and https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from local_stack.http.http1 import Exchange, Headers
from local_stack.sam.template import CorsSpec


def is_preflight(exchange: Exchange) -> bool:
    """True for a CORS preflight request."""
    return (
        exchange.method == "OPTIONS"
        and exchange.header("origin") is not None
        and exchange.header("access-control-request-method") is not None
    )


def preflight_headers(cors: CorsSpec, exchange: Exchange) -> Headers:
    """The headers of a preflight response; only what is allowed."""
    headers = _origin_headers(cors, exchange)
    if headers:
        wanted = exchange.header("access-control-request-method") or ""
        methods = [wanted] if "*" in cors.allow_methods else cors.allow_methods
        headers.append(("access-control-allow-methods", ",".join(methods)))
        allowed = cors.allow_headers
        if "*" in allowed:
            allowed = (exchange.header("access-control-request-headers") or "*",)
        if allowed:
            headers.append(("access-control-allow-headers", ",".join(allowed)))
        if cors.max_age_seconds:
            headers.append(("access-control-max-age", str(cors.max_age_seconds)))
    return [*headers, ("vary", "Origin")]


def response_headers(cors: CorsSpec | None, exchange: Exchange) -> Headers:
    """The CORS headers to add to a function's response."""
    if cors is None:
        return []
    headers = _origin_headers(cors, exchange)
    if headers and cors.expose_headers:
        headers.append(("access-control-expose-headers", ",".join(cors.expose_headers)))
    return [*headers, ("vary", "Origin")]


def _origin_headers(cors: CorsSpec, exchange: Exchange) -> Headers:
    origin = exchange.header("origin")
    if origin is None or not ("*" in cors.allow_origins or origin in cors.allow_origins):
        return []
    headers = [("access-control-allow-origin", "*" if "*" in cors.allow_origins else origin)]
    if cors.allow_credentials:
        headers.append(("access-control-allow-credentials", "true"))
    return headers
