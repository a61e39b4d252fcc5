"""Adds the request id to the log lines of a request."""

from aws_lambda_powertools import Logger
from starlette.types import ASGIApp, Receive, Scope, Send

logger = Logger()


class RequestIds:
    """ASGI middleware: adds Lambda's request id to every line logged while a request runs.

    The keys are in a context variable, so concurrent requests in one process have separate keys.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            logger.thread_safe_clear_keys()
            logger.thread_safe_append_keys(function_request_id=_request_id(scope))
        await self._app(scope, receive, send)


def _request_id(scope: Scope) -> str | None:
    if invocation := scope.get("aws.lambda"):  # lambda_asgi
        return str(invocation["request_id"])
    context = scope.get("aws.context")  # Mangum
    return getattr(context, "aws_request_id", None)
