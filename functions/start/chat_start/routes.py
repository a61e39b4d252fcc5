"""The start function's routes. Each one decodes the request, calls one use case and encodes the result.

The endpoints call blocking code directly, because a buffered function handles one request at a time.
"""

from fastapi import FastAPI, Request, Response

from chat.http.application import new_app
from chat.http.body_limit import BodyLimit
from chat.http.credentials import bearer_token
from chat.http.json_body import read_json
from chat.http.metrics_flush import MetricsFlush
from chat.http.problems import problem
from chat.http.responses import JsonResponse, timestamp
from chat.limits import RateLimitedError, rate_limit_headers
from chat.sessions import STREAM_LIFETIME_SECONDS
from chat_start.bodies import StartBody, StopBody
from chat_start.composition import StartComposition
from chat_start.requests import IdempotentCreate, not_idempotent

IDEMPOTENCY_KEY = "idempotency-key"


def create_app(composition: StartComposition) -> FastAPI:
    """Creates the application over these objects."""
    app = new_app()
    app.state.composition = composition
    app.add_api_route("/chat/start", start, methods=["POST"])
    app.add_api_route("/chat/stop", stop, methods=["POST"])
    app.add_middleware(BodyLimit, max_bytes=composition.settings.max_body_bytes)
    app.add_middleware(MetricsFlush, metrics=composition.metrics)
    return app


async def start(request: Request) -> Response:
    """POST /chat/start: starts a session for a prompt, and returns it with the token that opens its stream."""
    composition: StartComposition = request.app.state.composition
    user_id = composition.authenticator.authenticate(bearer_token(request))
    body = await read_json(request, StartBody)
    asked = body.asked_by(user_id)
    try:
        started = composition.start(asked, _once(composition, request))
    except RateLimitedError as error:
        return problem(error, rate_limit_headers(error.allowance))
    session = started.session
    return JsonResponse(
        {
            "sessionId": session.session_id,
            "chatId": session.chat_id,
            "expiresAt": timestamp(session.expires_at),
            "streamToken": composition.stream_tokens.sign(
                session.session_id, user_id, session.expires_at + STREAM_LIFETIME_SECONDS
            ),
        },
        status_code=201,
        headers=rate_limit_headers(started.allowance),
    )


async def stop(request: Request) -> JsonResponse:
    """POST /chat/stop: stops a session. The text written so far is kept."""
    composition: StartComposition = request.app.state.composition
    user_id = composition.authenticator.authenticate(bearer_token(request))
    body = await read_json(request, StopBody)
    state = composition.stop_chat(body.session_id, user_id)
    return JsonResponse({"sessionId": body.session_id, "state": state})


def _once(composition: StartComposition, request: Request) -> IdempotentCreate:
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return not_idempotent
    return composition.idempotency().once(key, request.scope.get("aws.context"))
