"""An ASGI application as the handler of a buffered function. Needs `mangum`, which the functions that use it bring."""

import asyncio
from typing import TYPE_CHECKING, Any

from chat.http.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from mangum.types import ASGI, LambdaContext, LambdaEvent


class FunctionUrlHandler:
    """What Lambda calls with the events of a Function URL (payload 2.0).

    The lifespan stays off: Mangum would run it on every invocation. The loop is the handler's own: Mangum takes the
    current one, and warns where there is none.
    """

    def __init__(self, app: "ASGI") -> None:
        from mangum import Mangum
        from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._mangum = Mangum(app, lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, MEDIA_TYPE])

    def __call__(self, event: "LambdaEvent", context: "LambdaContext") -> dict[str, Any]:
        """The answer as Lambda takes it."""
        asyncio.set_event_loop(self._loop)
        return self._mangum(event, context)

    def close(self) -> None:
        """Closes the event loop. On Lambda this is not needed: the process runs until it is killed."""
        asyncio.set_event_loop(None)
        self._loop.close()
