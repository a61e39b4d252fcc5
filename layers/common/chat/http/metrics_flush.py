"""Publishes the remaining Redis failure counts before a request ends."""

from starlette.types import ASGIApp, Receive, Scope, Send

from chat.metrics import CacheErrorMetrics


class MetricsFlush:
    """ASGI middleware. A request with failed Redis calls that publishes no other record gets a separate one."""

    def __init__(self, app: ASGIApp, metrics: CacheErrorMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            self._metrics.flush()
