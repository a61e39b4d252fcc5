"""Clients that read slowly or not at all: the answer is made and stored all the same."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from chat.messages import MessageStatus
from chat_stream.writer import EventStream, EventWriter
from fakes.functions.stream_world import StreamWorld

type Message = MutableMapping[str, Any]


async def respond(body: Callable[[EventWriter], Awaitable[None]], send: Callable[[Message], Awaitable[None]]) -> None:
    await EventStream(body, ping_seconds=15)({"type": "http"}, asyncio.Event().wait, send)  # type: ignore[arg-type]  # never called


async def test_client_that_reads_nothing_holds_up_neither_answer_nor_storage() -> None:
    world = StreamWorld(["x"] * 1000)
    session = world.start("Hi")
    blocked = asyncio.Event()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await blocked.wait()

    client = world.client(session)
    body = await client.open()
    assert body is not None
    responding = asyncio.create_task(respond(body, send))
    async with asyncio.timeout(5):
        while not world.answers():
            await asyncio.sleep(0.01)

    assert [(len(answer.content), answer.status) for answer in world.answers()] == [(1000, MessageStatus.COMPLETE)]
    blocked.set()
    await responding


async def test_client_that_stopped_reading_is_not_waited_for() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    writer = EventWriter(send)
    sending = asyncio.create_task(writer.send())
    await writer.write(b"text")
    async with asyncio.timeout(5):
        await writer.close(sending, stall_seconds=0.05)

    assert sending.cancelled()


async def test_client_that_reads_slowly_gets_everything() -> None:
    received = b""

    async def send(message: Message) -> None:
        nonlocal received
        await asyncio.sleep(0.03)
        received += message["body"]

    writer = EventWriter(send)
    sending = asyncio.create_task(writer.send())
    await writer.write(b"x" * 500_000)
    await writer.close(sending, stall_seconds=1)

    assert received == b"x" * 500_000


async def test_client_that_has_gone_is_no_error() -> None:
    async def send(_message: Message) -> None:
        raise ConnectionResetError

    writer = EventWriter(send)
    sending = asyncio.create_task(writer.send())
    await writer.write(b"text")
    await writer.write(b"more")

    await writer.close(sending)
