"""The function's addresses: decode, one call, encode.

The endpoints call synchronous code directly: a buffered function has one request at a time, and nobody else to wait.
"""

from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request

from chat.http.application import new_app
from chat.http.credentials import bearer_token
from chat.http.responses import JsonResponse
from chat_history.composition import Composition
from chat_history.wire import message_json, model_json

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


def create_app(composition: Composition) -> FastAPI:
    """The application over these objects."""
    app = new_app()
    app.state.composition = composition
    app.add_api_route("/chat/history", history, methods=["GET"])
    app.add_api_route("/chat/models", models, methods=["GET"])
    return app


async def _composition(request: Request) -> Composition:
    composition: Composition = request.app.state.composition
    return composition


Objects = Annotated[Composition, Depends(_composition)]


async def _user_id(request: Request, objects: Objects) -> str:
    return objects.authenticator.authenticate(bearer_token(request))


# A dependency runs before the query is looked at: who asks comes before what is asked.
UserId = Annotated[str, Depends(_user_id)]


async def history(
    objects: Objects,
    user_id: UserId,
    chat_id: Annotated[str | None, Query(alias="chatId", pattern="^[A-Za-z0-9_-]{1,64}$")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> JsonResponse:
    """GET /chat/history: a chat's messages in order, or those of all chats."""
    page = objects.read_history(user_id, chat_id, limit=limit, cursor=cursor)
    return JsonResponse(
        {
            "chatId": chat_id,
            "messages": [message_json(message) for message in page.messages],
            "nextCursor": page.next_cursor,
        }
    )


async def models(objects: Objects, user_id: UserId) -> JsonResponse:
    """GET /chat/models: all models, and which of them the caller may use."""
    offered = objects.offer_models(user_id)
    return JsonResponse({"tier": offered.tier, "models": [model_json(model, offered.tier) for model in offered.models]})
