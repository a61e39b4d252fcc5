"""The history function's routes. Each one decodes the request, calls one use case and encodes the result.

The endpoints call blocking code directly, because a buffered function handles one request at a time.
"""

from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from chat.http.application import new_app
from chat.http.credentials import bearer_token
from chat.http.query import read_query
from chat.http.responses import JsonResponse
from chat_history.composition import HistoryComposition
from chat_history.wire import message_json, model_json

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


class HistoryQuery(BaseModel):
    """The query parameters of GET /chat/history."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    chat_id: Annotated[str | None, Field(alias="chatId", pattern="^[A-Za-z0-9_-]{1,64}$")] = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: str | None = None


def create_app(composition: HistoryComposition) -> FastAPI:
    """Creates the application over these objects."""
    app = new_app()
    app.state.composition = composition
    app.add_api_route("/chat/history", history, methods=["GET"])
    app.add_api_route("/chat/models", models, methods=["GET"])
    return app


async def history(request: Request) -> JsonResponse:
    """GET /chat/history: the messages of one chat in order, or of all chats."""
    composition: HistoryComposition = request.app.state.composition
    user_id = composition.authenticator.authenticate(bearer_token(request))
    query = read_query(request, HistoryQuery)
    page = composition.read_history(user_id, query.chat_id, limit=query.limit, cursor=query.cursor)
    return JsonResponse(
        {
            "chatId": query.chat_id,
            "messages": [message_json(message) for message in page.messages],
            "nextCursor": page.next_cursor,
        }
    )


async def models(request: Request) -> JsonResponse:
    """GET /chat/models: all models, and whether the caller may use each."""
    composition: HistoryComposition = request.app.state.composition
    user_id = composition.authenticator.authenticate(bearer_token(request))
    offered = composition.offer_models(user_id)
    models = [model_json(model, provider, offered.tier) for model, provider in offered.models]
    return JsonResponse({"tier": offered.tier, "models": models})
