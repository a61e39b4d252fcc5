"""Bodies that are too large, at the ASGI edge."""

import json
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from chat.http.application import new_app
from chat.http.body_limit import BodyLimit
from chat.http.json_body import JsonBody, read_json


class Body(JsonBody):
    text: str


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse((await read_json(request, Body)).text)


async def post(chunks: Iterable[bytes], *headers: tuple[bytes, bytes]) -> tuple[int, bytes, int]:
    """Status, body, and how many chunks were asked for, of an application that takes 20 bytes."""
    app = new_app()
    app.add_api_route("/", echo, methods=["POST"])
    limited = BodyLimit(app, max_bytes=20)
    rest = list(chunks)
    read = 0
    sent: list[Message] = []

    async def receive() -> Message:
        nonlocal read
        read += 1
        body = rest.pop(0) if rest else b""
        return {"type": "http.request", "body": body, "more_body": bool(rest)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), *headers],
    }
    await limited(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent), read


async def test_a_body_of_just_the_limit_passes_in_any_chunks() -> None:
    body = b'{"text":"123456789"}'
    assert len(body) == 20
    body_chunks = [bytes([byte]) for byte in body]
    assert (await post([body]))[:2] == (await post(body_chunks))[:2] == (200, b"123456789")


async def test_a_declared_length_is_refused_before_anything_is_read() -> None:
    status, body, read = await post([b"x" * 21], (b"content-length", b"21"))
    assert (status, json.loads(body)["code"], read) == (413, "body_too_large", 0)


async def test_undeclared_bytes_are_refused_as_soon_as_they_are_too_many() -> None:
    status, body, read = await post([b"x" * 10] * 100)
    assert (status, json.loads(body)["code"], read) == (413, "body_too_large", 3)


async def test_a_declared_length_that_lies_or_is_none_does_not_help() -> None:
    for declared in (b"1", b"-1", b"x", b""):
        status, _, read = await post([b"x" * 10] * 100, (b"content-length", declared))
        assert (status, read) == (413, 3)


async def test_other_scopes_pass() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing() -> Message:
        return {"type": "lifespan.startup"}

    async def nowhere(message: Message) -> None:
        pass

    await BodyLimit(app, max_bytes=1)({"type": "lifespan"}, nothing, nowhere)
    assert seen == ["lifespan"]
