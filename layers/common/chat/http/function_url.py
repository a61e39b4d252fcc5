"""An ASGI application as the handler of a buffered function. Requires `mangum`, a dependency of those functions."""

import asyncio
from typing import TYPE_CHECKING, Any

from chat.http.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from mangum.types import ASGI, LambdaContext, LambdaEvent


class FunctionUrlHandler:
    """The Lambda handler for Function URL events (payload format 2.0).

    The lifespan is off, because Mangum would run it on every invocation. The handler sets its own event loop, because
    Mangum uses the current one and warns if there is none.
    """

    def __init__(self, app: "ASGI") -> None:
        from mangum import Mangum
        from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._mangum = Mangum(app, lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, MEDIA_TYPE])

    def __call__(self, event: "LambdaEvent", context: "LambdaContext") -> dict[str, Any]:
        """The response in Lambda's format."""
        asyncio.set_event_loop(self._loop)
        return self._mangum(event, context)

    def close(self) -> None:
        """Closes the event loop. On Lambda this is not needed: the process runs until it is killed."""
        asyncio.set_event_loop(None)
        self._loop.close()
