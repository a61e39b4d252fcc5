"""Problem documents for every error of an application, without request data."""

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Query
from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from chat.errors import AuthenticationError, ForbiddenError, NotFoundError, StorageError, TooManyRequestsError
from chat.http import problems
from chat.http.application import new_app
from chat.http.problems import problem

SECRET = "what nobody may see"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the functions' logger writes."""
    written = io.StringIO()
    for handler in problems.logger.handlers:
        monkeypatch.setattr(handler, "stream", written)
    return written


@pytest.fixture
def app() -> FastAPI:
    app = new_app()

    @app.get("/forbidden")
    async def forbidden() -> None:
        raise ForbiddenError("Not this one.", code="model_not_in_tier", tier="BASIC", allowedModels=["m"])

    @app.get("/missing-token")
    async def missing_token() -> None:
        raise AuthenticationError("A bearer token is needed.", code="token_missing")

    @app.get("/bad-token")
    async def bad_token() -> None:
        raise AuthenticationError("The token is not valid.")

    @app.get("/storage")
    async def storage() -> None:
        try:
            int(SECRET)
        except ValueError as error:
            raise StorageError("The storage does not answer.") from error

    @app.get("/bug")
    async def bug() -> None:
        raise ValueError(SECRET)

    @app.get("/bug-in-the-middle")
    async def bug_in_the_middle() -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            yield b"first"
            raise ValueError(SECRET)

        return StreamingResponse(body())

    @app.get("/number")
    async def number(limit: Annotated[int, Query(ge=1, le=200)]) -> int:
        return limit

    return app


async def get(app: FastAPI, path: str, method: str = "GET") -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://tests") as client:
        return await client.request(method, path)


async def test_an_error_of_the_project_is_a_problem_document(app: FastAPI) -> None:
    answer = await get(app, "/forbidden")
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "Not this one.",
        "code": "model_not_in_tier",
        "tier": "BASIC",
        "allowedModels": ["m"],
    }


@pytest.mark.parametrize(
    ("path", "challenge"), [("/missing-token", "Bearer"), ("/bad-token", 'Bearer error="invalid_token"')]
)
async def test_a_401_names_the_scheme(app: FastAPI, path: str, challenge: str) -> None:
    answer = await get(app, path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)


async def test_an_address_that_is_not_there(app: FastAPI) -> None:
    answer = await get(app, "/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/forbidden/"])
async def test_there_are_no_pages_beside_the_routes(app: FastAPI, path: str) -> None:
    assert (await get(app, path)).json()["code"] == "not_found"


async def test_a_method_that_an_address_does_not_take(app: FastAPI) -> None:
    answer = await get(app, "/forbidden", method="DELETE")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("query", ["", "?limit=", "?limit=0", "?limit=201", f"?limit={SECRET}", "?limit=1&limit=x"])
async def test_a_query_that_does_not_fit_names_the_field_and_not_the_value(app: FastAPI, query: str) -> None:
    answer = await get(app, "/number" + query)
    document = answer.json()
    assert (answer.status_code, document["code"]) == (422, "invalid_request")
    assert [set(error) for error in document["errors"]] == [{"field", "message"}]
    assert document["errors"][0]["field"] == "limit"
    assert SECRET not in answer.text


async def test_an_unexpected_error_says_nothing_of_itself(app: FastAPI, log: io.StringIO) -> None:
    answer = await get(app, "/bug")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert SECRET not in answer.text
    assert_logged(log, "Unexpected error", ["ValueError"])


async def test_a_failing_service_is_logged_with_its_cause(app: FastAPI, log: io.StringIO) -> None:
    answer = await get(app, "/storage")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert_logged(log, "The storage does not answer.", ["ValueError"])


def assert_logged(log: io.StringIO, message: str, kinds: list[str]) -> None:
    """One line, in which the place of the error can be found, and its message cannot."""
    out = log.getvalue()
    line = json.loads(out)
    assert (line["level"], line["message"], line["exception_name"]) == ("ERROR", message, kinds)
    assert any(__file__ in place for place in line["places"])
    assert SECRET not in out


async def test_an_error_after_the_answer_began_is_raised(app: FastAPI, log: io.StringIO) -> None:
    with pytest.raises(ValueError, match=SECRET):
        await get(app, "/bug-in-the-middle")
    assert SECRET not in log.getvalue()


async def test_log_lines_carry_the_id_of_their_request(app: FastAPI, log: io.StringIO) -> None:
    for request_id in ("first", "second"):
        sent: list[Message] = []
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/bug",
            "query_string": b"",
            "headers": [],
            "aws.lambda": {"request_id": request_id},
        }
        await app(scope, _nothing, _into(sent))
        assert sent[0]["status"] == 500
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["function_request_id"] for line in lines] == ["first", "second"]


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _into(sent: list[Message]) -> Send:
    async def send(message: Message) -> None:
        sent.append(message)

    return send


async def test_lifespan_passes_through() -> None:
    entered: list[str] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        entered.append("up")
        yield
        entered.append("down")

    sent: list[Message] = []
    messages = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Message:
        return {"type": next(messages)}

    await new_app(lifespan=lifespan)({"type": "lifespan"}, receive, _into(sent))
    assert entered == ["up", "down"]
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_what_utf_8_cannot_carry_is_escaped() -> None:
    assert json.loads(bytes(problem(NotFoundError("lone \ud800")).body))["detail"] == "lone \ud800"


def test_retry_after_is_in_the_document_and_the_header() -> None:
    answer = problem(TooManyRequestsError("Too many.", code="too_many_streams", retryAfterSeconds=7))
    assert answer.headers["retry-after"] == "7"
    assert json.loads(bytes(answer.body))["retryAfterSeconds"] == 7
    assert "retry-after" not in problem(TooManyRequestsError("Too many.", code="too_many_attaches")).headers
