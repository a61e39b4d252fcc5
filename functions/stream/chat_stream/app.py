"""GET /chat/stream: the ASGI application that `lambda_asgi` runs."""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from starlette.requests import Request
from starlette.responses import Response

from chat import events
from chat.error_fields import safe_error_fields
from chat.errors import ChatError, InvalidRequestError, NotFoundError
from chat.http.application import new_app
from chat.http.credentials import bearer_token
from chat.ids import new_id
from chat.limits.slots import TOO_MANY_STREAMS
from chat.metrics import Metric, Metrics, fields
from chat.metrics.log_fields import refusal_fields
from chat.sessions import Viewer
from chat_stream.attach.attacher import AttachRequest
from chat_stream.composition import StreamComposition, compose
from chat_stream.outcome import failure_of
from chat_stream.settings import StreamSettings
from chat_stream.threads import in_thread, install_executor
from chat_stream.writer import EventStream, EventWriter

if TYPE_CHECKING:
    from fastapi import FastAPI

MAX_SESSION_ID_CHARS = 64
CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
VIEWER_KEY_CHARS = 16
LIMIT_SHARE = 0.5
"""The share of the margin before Lambda's deadline that may go to storing the partial answer.

After that the stream ends even if the store call hangs.
"""

logger = Logger()


def create_app(compose: Callable[[], StreamComposition]) -> "FastAPI":
    """Creates the application. It calls `compose` once, at startup."""

    @asynccontextmanager
    async def lifespan(app: "FastAPI") -> AsyncIterator[None]:
        executor = install_executor()
        app.state.composition = compose()
        yield
        await app.state.composition.close()
        executor.shutdown(wait=False, cancel_futures=True)

    app = new_app(lifespan=lifespan)
    app.add_api_route("/chat/stream", stream, methods=["GET"])
    return app


async def stream(request: Request) -> Response:
    """Attaches to a session. Returns 204 if the client has seen every event, so that EventSource stops reconnecting."""
    composition: StreamComposition = request.app.state.composition
    settings = composition.settings
    try:
        body = await composition.streams.open(await _attach(composition, request))
    except ChatError as error:
        _publish_refusal(composition.metrics, error, request.query_params.get("sessionId"))
        return _refusal(request, error, settings)
    except Exception as error:  # noqa: BLE001  # an EventSource needs an `error` event
        logger.error("attach failed", **safe_error_fields(error))
        composition.metrics.publish({})
        return _refusal(request, ChatError("Something went wrong on our side."), settings)
    if body is None:
        return Response(status_code=204)
    return EventStream(body, ping_seconds=settings.ping_seconds)


async def _attach(composition: StreamComposition, request: Request) -> AttachRequest:
    accepted_at = asyncio.get_running_loop().time()
    query = request.query_params
    session_id = query.get("sessionId", "")
    if not session_id:
        raise InvalidRequestError("sessionId is missing.", errors=[{"field": "sessionId", "message": "is missing"}])
    user_id = await _user_id(composition, request, session_id)
    if len(session_id) > MAX_SESSION_ID_CHARS:
        raise NotFoundError("There is no such session.", code="session_not_found")
    seen = events.parse_last_event_id(request.headers.get("last-event-id") or query.get("lastEventId"))
    soft_deadline, hard_deadline = _time_limits(request, composition.settings)
    invocation = request.scope.get("aws.lambda", {})
    return AttachRequest(
        session_id,
        user_id,
        seen,
        soft_deadline,
        hard_deadline,
        accepted_at,
        _viewer(request, seen),
        invocation.get("stopping"),
    )


def _viewer(request: Request, seen: int) -> Viewer | None:
    """Identifies the client by its `clientId`, or else by its stream token. None if it sends neither.

    Several pages may share a stream token, and must not replace each other's connections in a loop. So a client that is
    identified by its token and resumes a stream replaces no other connection.
    """
    client_id, token = request.query_params.get("clientId"), request.query_params.get("streamToken")
    if client_id is not None and not CLIENT_ID.fullmatch(client_id):
        message = "must be 1 to 64 letters, digits, hyphens or underscores"
        raise InvalidRequestError(f"clientId {message}.", errors=[{"field": "clientId", "message": message}])
    if not (client := client_id or token):
        return None
    replaces = client_id is not None or seen == 0
    return Viewer(hashlib.sha256(client.encode()).hexdigest()[:VIEWER_KEY_CHARS], new_id(), replaces)


async def _user_id(composition: StreamComposition, request: Request, session_id: str) -> str:
    """Authenticates the request. A stream token, which is bound to this session, precedes a possibly stale cookie."""
    stream_token = request.query_params.get("streamToken")
    if stream_token and "authorization" not in request.headers:
        return await in_thread(composition.stream_tokens.verify, stream_token, session_id)
    return await in_thread(composition.authenticator.authenticate, bearer_token(request))


def _time_limits(request: Request, settings: StreamSettings) -> tuple[float | None, float | None]:
    invocation = request.scope.get("aws.lambda")
    if invocation is None:
        return None, None
    left = invocation["deadline_ms"] / 1000 - time.time()
    end = asyncio.get_running_loop().time() + left
    margin = settings.deadline_margin_seconds
    return end - margin, end - margin * (1 - LIMIT_SHARE)


def _publish_refusal(metrics: Metrics, error: ChatError, session_id: str | None) -> None:
    """Counts refusals by the concurrency limit. Lambda's own metrics and the logs cover other refusals."""
    limited = error.code == TOO_MANY_STREAMS
    log_fields = {**refusal_fields(error), fields.SESSION_ID: session_id if limited else None}
    metrics.publish({Metric.RATE_LIMITED: 1} if limited else {}, **log_fields)


def _refusal(request: Request, error: ChatError, settings: StreamSettings) -> Response:
    """Answers an EventSource with an `error` event, because EventSource hides the bodies of HTTP errors.

    Raises:
        ChatError: `error`, if the client does not accept events.
    """
    if events.MEDIA_TYPE not in request.headers.get("accept", ""):
        raise error

    async def body(writer: EventWriter) -> None:
        await writer.write(events.refusal(failure_of(error)))

    return EventStream(body, ping_seconds=settings.ping_seconds)


app = create_app(compose)
