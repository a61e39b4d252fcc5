"""Refuses bodies that are too large before they are parsed."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat.errors import InvalidRequestError
from chat.http.problems import problem


class BodyLimit:
    """ASGI middleware: responds 413 if the declared length, or else the number of received bytes, exceeds the limit."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._declared(scope) > self._max_bytes:
            await problem(self._error())(scope, receive, send)
            return
        arrived = 0

        async def receive_and_count() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > self._max_bytes:
                raise self._error()
            return message

        await self._app(scope, receive_and_count, send)

    def _declared(self, scope: Scope) -> int:
        declared: bytes = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        return int(declared) if declared.isdigit() else 0

    def _error(self) -> InvalidRequestError:
        return InvalidRequestError(
            f"The body has more than {self._max_bytes} bytes.",
            code="body_too_large",
            status=413,
            maxBytes=self._max_bytes,
        )
