"""Errors as problem documents (RFC 9457). Only this module maps the tree of `chat.errors` to HTTP.

A document never contains data of the request: neither a refused value nor a token.
"""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat.error_fields import safe_error_fields
from chat.errors import AuthenticationError, ChatError, InvalidRequestError, NotFoundError
from chat.http.responses import JSON_HEADERS

MEDIA_TYPE = "application/problem+json"
MAX_FIELD_ERRORS = 20
MAX_FIELD_CHARS = 100

logger = Logger()


def install(app: FastAPI) -> None:
    """Maps every error of `app` to a problem document; errors before the response starts never reach the server."""
    app.add_exception_handler(ChatError, _on_chat_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_middleware(_UnexpectedErrors)


def problem(error: ChatError, headers: Mapping[str, str] | None = None) -> Response:
    """The response for `error`."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(error.http_status).phrase,
        "status": error.http_status,
        "detail": error.message,
        "code": error.code,
        **error.extensions,
    }
    # ASCII, because the name of an unknown field may contain lone surrogates.
    body = json.dumps(document, separators=(",", ":")).encode()
    all_headers = JSON_HEADERS | _challenge(error) | _retry_after(error) | dict(headers or {})
    return Response(body, error.http_status, all_headers, MEDIA_TYPE)


def invalid_fields(errors: Sequence[Mapping[str, Any]]) -> InvalidRequestError:
    """Pydantic's errors as one error, with `errors: [{field, message}]`."""
    fields = [{"field": _field(item["loc"]), "message": str(item["msg"])} for item in errors[:MAX_FIELD_ERRORS]]
    summary = "; ".join(f"{item['field']}: {item['message']}" for item in fields[:3])
    return InvalidRequestError(f"The request is not valid. {summary}", errors=fields)


def invalid_field(field: str, message: str) -> InvalidRequestError:
    """A field that fails a check beyond its type."""
    return invalid_fields([{"loc": (field,), "msg": message}])


def _field(location: Sequence[int | str]) -> str:
    return ".".join(map(str, location))[:MAX_FIELD_CHARS] or "body"


def _challenge(error: ChatError) -> dict[str, str]:
    if not isinstance(error, AuthenticationError):
        return {}
    # RFC 6750, section 3: no error code when the request lacks any token.
    return {"www-authenticate": "Bearer" if error.code == "token_missing" else 'Bearer error="invalid_token"'}


def _retry_after(error: ChatError) -> dict[str, str]:
    seconds = error.extensions.get("retryAfterSeconds")
    return {} if seconds is None else {"retry-after": str(seconds)}


async def _on_chat_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, ChatError):
        raise error
    if error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error(error.message, code=error.code, **safe_error_fields(error.__cause__))
    return problem(error)


async def _on_validation_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    # FastAPI prefixes the name of a field with its location (query, path, ...).
    return problem(invalid_fields([{"loc": item["loc"][1:], "msg": item["msg"]} for item in error.errors()]))


async def _on_http_exception(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == HTTPStatus.NOT_FOUND:
        known: ChatError = NotFoundError("There is nothing at this address.")
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        known = InvalidRequestError("This address does not take that method.", code="method_not_allowed", status=405)
    else:
        known = InvalidRequestError(str(error.detail), status=error.status_code)
    return problem(known, error.headers)


class _UnexpectedErrors:
    """Logs uncaught errors and responds with a problem document.

    Starlette's own handler for `Exception` re-raises after the response, which a server treats as a failed invocation.
    An error after the response has started is re-raised, because no other response is possible.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = False

        async def send_and_note(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:
            logger.error("Unexpected error", code="internal_error", **safe_error_fields(error))
            if began:
                raise
            await problem(ChatError("Something went wrong on our side."))(scope, receive, send)
