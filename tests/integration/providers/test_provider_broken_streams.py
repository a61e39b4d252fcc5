"""Streams that go wrong after they began."""

import asyncio

import pytest

from chat.errors import ProviderError
from chat_stream.providers.port import ChatProvider, Finish
from fakes.network.raw_http import EVENT_STREAM, LAST_CHUNK, chunk, read_request, token
from fakes.providers.asking import a_request, collect, text_of
from fakes.providers.demo_process import DemoProcess
from fakes.providers.fixtures import Connect, Listen


async def _fails(provider: ChatProvider, prompt: str, name: str) -> tuple[ProviderError, str]:
    """The error, and the text that came before it."""
    items: list[str | Finish] = []
    with pytest.raises(ProviderError) as raised:
        await collect(provider, a_request(prompt, provider=name), items)
    return raised.value, text_of(items)


@pytest.mark.parametrize(
    ("directive", "code"),
    [
        ("die-after=20", "provider_interrupted"),
        ("die-after=0", "provider_unavailable"),
        ("cut-after=20", "provider_interrupted"),
        ("cut-after=0", "provider_unavailable"),
        ("malformed-after=20", "provider_bad_response"),
        ("malformed", "provider_bad_response"),
        ("error-after=20", "provider_unavailable"),
        ("error-after=0", "provider_unavailable"),
    ],
)
async def test_break_after_some_tokens(
    *, provider: ChatProvider, demo: DemoProcess, name: str, tag: str, directive: str, code: str
) -> None:
    """The text received before is kept, and the request is not repeated."""
    error, text = await _fails(provider, f"{tag} [demo:tokens=40 {directive}]", name)
    assert (error.code, error.retryable) == (code, True)
    assert bool(text) == directive.endswith("20")
    assert demo.calls(tag)["calls"] == 1


@pytest.mark.parametrize(
    "data",
    [
        b"[1, 2]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"choices": 5, "type": "message_start", "message": 5}',
        b'{"choices": [{"delta": {"content": 5}}], "type": "content_block_delta", "delta": {"type": "text_delta"}}',
        b'{"choices": ["text"], "type": "content_block_delta", "delta": {"type": "text_delta", "text": 5}}',
        b'{"choices": [{"delta": ["content"]}], "type": "content_block_delta", "delta": null}',
        b'{"choices": [null], "type": "message_start", "message": null}',
    ],
)
async def test_events_of_another_shape(connect: Connect, listen: Listen, name: str, data: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(EVENT_STREAM + chunk(token(name, "fine")))
        writer.write(chunk(b"event: content_block_delta\ndata: " + data + b"\n\n") + LAST_CHUNK)

    error, text = await _fails(connect(await listen(handler)), "hello", name)
    assert error.code == "provider_bad_response"
    assert text == "fine"


async def test_nobody_listens(connect: Connect, listen: Listen, name: str) -> None:
    async def handler(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        """Hangs up on everybody."""

    error, _ = await _fails(connect(await listen(handler)), "hello", name)
    assert (error.code, error.retryable) == ("provider_unavailable", True)


async def test_not_http(connect: Connect, listen: Listen, name: str) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")

    error, _ = await _fails(connect(await listen(handler)), "hello", name)
    assert error.code == "provider_unavailable"


async def test_reset_connection(connect: Connect, listen: Listen, name: str) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(EVENT_STREAM + chunk(token(name, "so far")))
        await writer.drain()
        await reader.read(1)

    async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(handler(reader, writer))
        await go.wait()
        task.cancel()
        writer.transport.abort()

    go = asyncio.Event()
    provider = connect(await listen(resetting))
    items = []
    with pytest.raises(ProviderError) as raised:  # noqa: PT012  # the failure comes while iterating
        async with provider.stream(a_request("hello", provider=name)) as answer:
            async for item in answer:
                items.append(item)
                go.set()
    assert raised.value.code == "provider_interrupted"
    assert items == ["so far"]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (b'{"error":{"message":"m","type":"rate_limit_error","code":"rate_limit_exceeded"}}', "provider_rate_limited"),
        (b'{"error":{"message":"m","type":"invalid_request_error"}}', "provider_rejected"),
        (b'{"error":{"message":"m","type":"authentication_error","code":401}}', "provider_misconfigured"),
        (b'{"error":{"message":"m","type":"overloaded_error"}}', "provider_unavailable"),
        (b'{"error":{"message":"m","type":"something_new","code":null}}', "provider_unavailable"),
        (b'{"error":{"message":"m"}}', "provider_unavailable"),
    ],
)
async def test_error_events(connect: Connect, listen: Listen, name: str, event: bytes, code: str) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(EVENT_STREAM + chunk(b"event: error\ndata: " + event + b"\n\n") + LAST_CHUNK)

    error, _ = await _fails(connect(await listen(handler)), "hello", name)
    assert error.code == code


async def test_break_after_the_end_does_not_matter(connect: Connect, listen: Listen) -> None:
    """The answer was whole when the connection broke."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        end = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        writer.write(EVENT_STREAM + chunk(token("openai", "whole") + end))

    items = await collect(connect(await listen(handler)), a_request("hello"))
    assert items == ["whole", Finish("stop", None)]


async def test_events_cut_anywhere_into_packets(connect: Connect, listen: Listen, name: str) -> None:
    """Also in the middle of a character."""
    text = "Grüße 😀 aus Zürich"

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(EVENT_STREAM)
        for byte in token(name, "A") + token(name, text).replace(b"\\u00fc", "ü".encode()):
            writer.write(chunk(bytes([byte])))
            await writer.drain()
        writer.write(LAST_CHUNK)

    error, received = await _fails(connect(await listen(handler)), "hello", name)
    assert error.code == "provider_interrupted"
    assert received == "A" + text
