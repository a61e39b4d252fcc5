"""An ASGI application as the handler of a buffered function. Needs `mangum`, which the functions that use it bring."""

import asyncio
from typing import TYPE_CHECKING, Any

from chat.http.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from mangum.types import ASGI, LambdaContext, LambdaEvent

type Handler = "Callable[[LambdaEvent, LambdaContext], dict[str, Any]]"


def function_url_handler(app: "ASGI") -> Handler:
    """What Lambda calls with the events of a Function URL (payload 2.0).

    The lifespan stays off: Mangum would run it on every invocation.
    """
    from mangum import Mangum
    from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

    # Mangum runs every invocation on the current event loop, and warns where there is none.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    mangum = Mangum(app, lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, MEDIA_TYPE])

    def handler(event: "LambdaEvent", context: "LambdaContext") -> dict[str, Any]:
        asyncio.set_event_loop(loop)
        return mangum(event, context)

    return handler
