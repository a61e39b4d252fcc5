"""Serves one request of a Function URL: builds the event, invokes the function, returns its response."""

from datetime import UTC, datetime

from local_stack.emulator.pool import Pool, ThrottledError
from local_stack.emulator.runtime_api import MAX_PAYLOAD_BYTES
from local_stack.function_urls import cors
from local_stack.function_urls.events import function_url_event
from local_stack.function_urls.responses import HttpResponse
from local_stack.http import problems
from local_stack.http.http1 import BodyTooLargeError, Exchange


async def serve(exchange: Exchange, pool: Pool) -> None:
    """Invokes the function and sends its response; answers preflights and oversized requests itself."""
    function = pool.function
    spec = function.url.cors if function.url is not None else None
    if spec is not None and cors.is_preflight(exchange):
        await exchange.respond(200, cors.preflight_headers(spec, exchange))
        return
    headers = cors.response_headers(spec, exchange)
    try:
        body = await exchange.read(MAX_PAYLOAD_BYTES)
    except BodyTooLargeError:
        await problems.too_large(exchange, headers)
        return
    event = function_url_event(
        exchange.method,
        exchange.target,
        exchange.headers,
        body,
        client_host=exchange.client_host,
        url_id=function.name.lower(),
        now=datetime.now(UTC),
    )
    if len(event) > MAX_PAYLOAD_BYTES:
        await problems.too_large(exchange, headers)
        return
    try:
        await pool.invoke(event, HttpResponse(exchange, headers))
    except ThrottledError:
        await problems.throttled(exchange, headers)
    finally:
        pool.metrics.url_responded(exchange.status)
