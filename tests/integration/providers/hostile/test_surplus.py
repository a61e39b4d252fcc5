"""A provider that sends surplus data: no request gets data that belongs to another."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable

import pytest

from chat.errors import ProviderError
from chat_stream.providers.registry import ProviderRegistry
from fakes.network.raw_http import EVENT_STREAM, LAST_CHUNK, chunk, read_request
from fakes.providers.asking import a_request, collect, text_of
from fakes.providers.fixtures import Connect, Listen
from fakes.providers.wires import WIRES, Wire, whole

ROUNDS = 3
IDLE = 30
"""Idle connections, which the HTTP client closes one at a time and slowly."""
GUARD_SECONDS = 20


def response(wire: Wire, text: str) -> bytes:
    return EVENT_STREAM + chunk(whole(wire, text)) + LAST_CHUNK


SURPLUS: dict[str, Callable[[Wire], bytes]] = {
    "a-response": lambda w: response(w, "own") + response(w, "another's"),
    "half-a-response": lambda w: response(w, "own") + response(w, "another's")[:150],
    "half-a-head": lambda w: response(w, "own") + EVENT_STREAM[:20],
    "line-ends": lambda w: response(w, "own") + b"\r\n\r\n",
    "rubbish": lambda w: response(w, "own") + b"\x00\x01\x02",
    "a-refusal": lambda w: response(w, "own") + b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
    "after-a-length": lambda w: (
        f"HTTP/1.1 200 OK\r\ncontent-length: {len(whole(w, 'own'))}\r\n\r\n".encode()
        + whole(w, "own")
        + response(w, "another's")
    ),
}


async def ask(provider: ProviderRegistry, wire: Wire) -> str:
    try:
        return text_of(await collect(provider, a_request("hello", provider=wire.name)))
    except ProviderError as error:
        return error.code


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
@pytest.mark.parametrize("surplus", SURPLUS.values(), ids=SURPLUS)
async def test_surplus_of_an_answer_reaches_nobody(
    connect: Connect, listen: Listen, wire: Wire, surplus: Callable[[Wire], bytes]
) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                await read_request(reader)
                writer.write(surplus(wire))
                await writer.drain()

    provider = connect(await listen(handler))
    assert [await ask(provider, wire) for _ in range(ROUNDS)] == ["own"] * ROUNDS


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
async def test_surplus_that_comes_later_reaches_nobody(connect: Connect, listen: Listen, wire: Wire) -> None:
    """The HTTP client itself notices unread data before a request."""
    answered, sent = asyncio.Event(), asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(response(wire, "own"))
        await answered.wait()
        writer.write(response(wire, "another's"))
        await writer.drain()
        sent.set()
        await reader.read()

    provider = connect(await listen(handler))
    assert await ask(provider, wire) == "own"
    answered.set()
    await sent.wait()
    assert await ask(provider, wire) == "own"


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
async def test_surplus_of_a_refusal_reaches_nobody(connect: Connect, listen: Listen, wire: Wire) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        refusal = b"HTTP/1.1 400 No\r\ncontent-length: 2\r\n\r\n{}"
        writer.write(refusal + response(wire, "another's"))
        await writer.drain()
        await reader.read()

    provider = connect(await listen(handler))
    assert [await ask(provider, wire) for _ in range(ROUNDS)] == ["provider_rejected"] * ROUNDS


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
async def test_next_answer_on_a_connection_is_no_surplus(connect: Connect, listen: Listen, wire: Wire) -> None:
    """The HTTP client closes idle connections after it has freed that of a complete answer, which is soon used again.

    What has arrived there meanwhile, and was not read yet, belongs to the next answer.
    """
    requests = itertools.count()
    writers: list[asyncio.StreamWriter] = []
    crowd, closing, first_ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                await read_request(reader)
                if (number := next(requests)) == IDLE:
                    crowd.set()
                await crowd.wait()
                if number == IDLE + 1:
                    for other in writers:
                        if other is not writer:
                            other.write_eof()  # so the client closes its side when it looks for a connection
                if number == IDLE + 2:
                    writer.write(EVENT_STREAM + chunk(wire.token("ow")) + chunk(wire.token("n")))
                    await first_ended.wait()
                    writer.write(chunk(wire.finish() + wire.end()) + LAST_CHUNK)
                else:
                    writer.write(response(wire, "own"))
        closing.set()

    async def ask_slowly() -> str:
        await closing.wait()
        pieces = []
        async with provider.stream(a_request("hello", provider=wire.name)) as answer:
            async for piece in answer:
                pieces.append(piece)
                await first_ended.wait()
        return "".join(piece for piece in pieces if isinstance(piece, str))

    provider = connect(await listen(handler))
    async with asyncio.timeout(GUARD_SECONDS):
        assert await asyncio.gather(*(ask(provider, wire) for _ in range(IDLE + 1))) == ["own"] * (IDLE + 1)
        second = asyncio.create_task(ask_slowly())
        assert await ask(provider, wire) == "own"
        assert not second.done()
        first_ended.set()
        assert await second == "own"
    assert len(writers) == IDLE + 1, "the second answer came over another connection"


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
async def test_answer_after_a_broken_one_is_whole(connect: Connect, listen: Listen, wire: Wire) -> None:
    """In any state of the connection."""
    good = response(wire, "own")
    bad = [
        EVENT_STREAM + chunk(whole(wire, "own")),  # does not end
        EVENT_STREAM + chunk(wire.token("Hel") + b"data: {\n\n") + LAST_CHUNK,
        EVENT_STREAM + chunk(wire.token("Hel") + b"data: {\n\n"),
        EVENT_STREAM + chunk(wire.token("Hel")) + b"xyz\r\n",
        EVENT_STREAM.replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n") + chunk(b"no gzip") + LAST_CHUNK,
    ]
    answers = iter([part for broken in bad for part in (broken, good)])

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                await read_request(reader)
                writer.write(next(answers))
                await writer.drain()

    provider = connect(await listen(handler))
    texts = [await ask(provider, wire) for _ in range(2 * len(bad))]
    assert [text.removeprefix("provider_") for text in texts[0::2]] == [
        "own",
        "bad_response",
        "bad_response",
        "interrupted",
        "bad_response",
    ]
    assert texts[1::2] == ["own"] * len(bad)
