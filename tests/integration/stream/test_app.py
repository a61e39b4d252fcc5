"""GET /chat/stream at the ASGI edge: access, refusals, headers."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
import pytest
from starlette.types import ASGIApp, Message

from chat.sessions import Session
from fakes import sse
from fakes.functions.stream_service import Service, bearer, running_lifespan, token
from fakes.functions.stream_world import REQUIRED
from fakes.providers.scripted import Pause

EVENTS = {"accept": "text/event-stream"}


async def test_bearer_token_opens_the_stream_with_the_headers_of_an_event_stream() -> None:
    service = Service("Hi ", "there")
    session = service.world.start("Hello")
    async with service.client() as client:
        answer = await client.get(f"/chat/stream?sessionId={session.session_id}", headers=bearer(token()))

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache, no-transform"
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in answer.headers
    assert "content-length" not in answer.headers
    events = sse.parse(answer.content)
    sse.check_stream(events)
    assert sse.text_of(events) == "Hi there"
    assert service.closed


async def test_cookie_opens_the_stream() -> None:
    service = Service("text")
    session = service.world.start("Hello")
    async with service.client() as client:
        client.cookies.set("chat_token", token())
        answer = await client.get(f"/chat/stream?sessionId={session.session_id}")

    assert sse.text_of(sse.parse(answer.content)) == "text"


async def test_stream_token_opens_its_session_also_beside_an_old_cookie() -> None:
    service = Service("text")
    session = service.world.start("Hello")
    async with service.client() as client:
        client.cookies.set("chat_token", token(exp=1))
        answer = await client.get(
            "/chat/stream", params={"sessionId": session.session_id, "streamToken": service.stream_token(session)}
        )

    assert sse.text_of(sse.parse(answer.content)) == "text"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "token_missing"),
        ({"authorization": "Basic YTpi"}, "token_missing"),
        ({"authorization": "Bearer garbage"}, "token_invalid"),
    ],
)
async def test_stream_needs_a_valid_token(headers: dict[str, str], code: str) -> None:
    await expect_refusal(lambda _service, _session: headers, 401, code)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": 1}, "token_expired"),
        ({"aud": "another"}, "token_invalid"),
        ({"iss": "another"}, "token_invalid"),
        ({"key": "k" * 32}, "token_invalid"),
    ],
)
async def test_token_that_does_not_hold_is_refused(changes: dict[str, Any], code: str) -> None:
    await expect_refusal(lambda _service, _session: bearer(token(**changes)), 401, code)


async def test_token_with_alg_none_is_refused() -> None:
    claims = {"sub": "alice", "iss": REQUIRED["JWT_ISSUER"], "aud": REQUIRED["JWT_AUDIENCE"], "exp": time.time() + 60}
    unsigned = jwt.encode(claims, "", algorithm="none")

    await expect_refusal(lambda _service, _session: bearer(unsigned), 401, "token_invalid")


async def test_stream_token_of_another_session_is_refused() -> None:
    service = Service("text")
    session, other = service.world.start("Hello"), service.world.start("Other")
    async with service.client() as client:
        answer = await client.get(
            "/chat/stream", params={"sessionId": session.session_id, "streamToken": service.stream_token(other)}
        )

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_another_users_session_does_not_exist() -> None:
    await expect_refusal(lambda _service, _session: bearer(token(sub="mallory")), 404, "session_not_found")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 422, "invalid_request"),
        ("sessionId=", 422, "invalid_request"),
        ("sessionId=unknown", 404, "session_not_found"),
        ("sessionId=" + "x" * 5000, 404, "session_not_found"),
        ("sessionId=%00%FF", 404, "session_not_found"),
        ("sessionId={id}&lastEventId=abc", 400, "invalid_last_event_id"),
    ],
)
async def test_query_that_does_not_fit_is_refused(query: str, status: int, code: str) -> None:
    service = Service("text")
    session = service.world.start("Hello")
    async with service.client() as client:
        answer = await client.get("/chat/stream?" + query.format(id=session.session_id), headers=bearer(token()))

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_loop_of_attaches_is_refused() -> None:
    service = Service("text", ATTACHES_PER_MINUTE="10")
    session = service.world.start("Hello")
    path = f"/chat/stream?sessionId={session.session_id}"
    async with service.client() as client:
        statuses = [(await client.get(path, headers=bearer(token()))).status_code for _ in range(11)]

    assert statuses == [200] * 10 + [429]


async def test_client_that_has_seen_everything_gets_204() -> None:
    service = Service("text")
    session = service.world.start("Hello")
    path = f"/chat/stream?sessionId={session.session_id}"
    async with service.client() as client:
        events = sse.parse((await client.get(path, headers=bearer(token()))).content)
        by_header = await client.get(path, headers=bearer(token()) | {"last-event-id": events[-1].id})
        by_query = await client.get(f"{path}&lastEventId={events[-1].id}", headers=bearer(token()))

    assert (by_header.status_code, by_query.status_code) == (204, 204)
    assert by_header.content == b""


async def test_storage_that_does_not_answer_is_a_503_that_can_be_tried_again() -> None:
    service = Service("text")
    session = service.world.start("Hello")
    service.world.database.failing = True
    async with service.client() as client:
        path = f"/chat/stream?sessionId={session.session_id}"
        plain = await client.get(path, headers=bearer(token()))
        streamed = await client.get(path, headers=bearer(token()) | EVENTS)

    assert (plain.status_code, plain.json()["code"]) == (503, "storage_unavailable")
    assert sse.parse(streamed.content)[0].data["retryable"] is True


async def test_tokens_leave_one_after_the_other() -> None:
    """At the edge itself: each token is sent while the provider still holds the next one."""
    first, second = Pause(), Pause()
    service = Service("one", first, "two", second, "three")
    session = service.world.start("Hello")
    sent: asyncio.Queue[bytes] = asyncio.Queue()

    async def send(message: Message) -> None:
        if message.get("body"):
            sent.put_nowait(message["body"])

    async with running_lifespan(service.app), asyncio.timeout(10):
        running = asyncio.ensure_future(call(service.app, session, send))
        await first.reached.wait()
        early = await drain_until(sent, b'"one"')
        assert b'"two"' not in early
        first.released.set()
        await second.reached.wait()
        assert b'"three"' not in await drain_until(sent, b'"two"')
        second.released.set()
        await running


async def call(app: ASGIApp, session: Session, send: Callable[[Message], Awaitable[None]]) -> None:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": "/chat/stream",
        "raw_path": b"/chat/stream",
        "query_string": f"sessionId={session.session_id}".encode(),
        "headers": [(b"authorization", f"Bearer {token()}".encode())],
        "state": {},
    }
    never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    await app(scope, lambda: never, send)


async def drain_until(sent: asyncio.Queue[bytes], part: bytes) -> bytes:
    body = b""
    while part not in body:
        body += await sent.get()
    return body


async def expect_refusal(headers: Callable[[Service, Session], dict[str, str]], status: int, code: str) -> None:
    """A problem document for ordinary clients; 200 and one `error` event for an EventSource."""
    service = Service("text")
    session = service.world.start("Hello")
    path = f"/chat/stream?sessionId={session.session_id}"
    async with service.client() as client:
        plain = await client.get(path, headers=headers(service, session))
        streamed = await client.get(path, headers=headers(service, session) | EVENTS)

    assert (plain.status_code, plain.json()["code"]) == (status, code)
    assert plain.headers["content-type"] == "application/problem+json"
    assert streamed.status_code == 200
    (event,) = sse.parse(streamed.content)
    assert (event.type, event.data["code"], event.data["retryable"]) == ("error", code, False)
    assert service.world.provider.requests == []
    assert "alice" not in json.dumps(event.data)


async def test_unforeseen_error_while_attaching_hides_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service("text")
    session = service.world.start("Hello")

    def broken(_session_id: str) -> None:
        raise ValueError("secret detail")

    monkeypatch.setattr(service.world.sessions, "get", broken)
    async with service.client() as client:
        path = f"/chat/stream?sessionId={session.session_id}"
        plain = await client.get(path, headers=bearer(token()))
        streamed = await client.get(path, headers=bearer(token()) | EVENTS)

    assert (plain.status_code, plain.json()["code"]) == (500, "internal_error")
    assert sse.parse(streamed.content)[0].data["code"] == "internal_error"
    assert "secret" not in plain.text + streamed.text
