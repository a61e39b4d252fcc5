"""Providers that take too long, and consumers that do."""

import asyncio
import time

import pytest

from chat.errors import ProviderError
from chat.messages import Usage
from chat_stream.providers.port import Finish
from fakes.network.raw_http import EVENT_STREAM, LAST_CHUNK, chunk, read_request
from fakes.providers.asking import a_request, collect, text_of
from fakes.providers.demo_process import DemoProcess
from fakes.providers.fixtures import Connect, Listen


@pytest.mark.parametrize("directive", ["hang", "stall-after=0", "slow-first=20"])
async def test_no_first_token(connect: Connect, demo: DemoProcess, name: str, tag: str, directive: str) -> None:
    provider = connect(demo.address, PROVIDER_FIRST_TOKEN_SECONDS="1.5")  # connecting is slow on a busy machine
    await provider.adapter(name)
    begun = time.monotonic()
    with pytest.raises(ProviderError) as raised:
        await collect(provider, a_request(f"{tag} [demo:{directive}]", provider=name))
    assert 1.4 < time.monotonic() - begun < 10
    assert (raised.value.code, raised.value.retryable) == ("provider_timeout", True)
    await _closed_by_client(demo, tag)


async def test_silence_in_the_middle(connect: Connect, demo: DemoProcess, name: str, tag: str) -> None:
    provider = connect(demo.address, PROVIDER_IDLE_SECONDS="0.4")
    items: list[str | Finish] = []
    with pytest.raises(ProviderError) as raised:
        await collect(provider, a_request(f"{tag} [demo:stall-after=10]", provider=name), items)
    assert raised.value.code == "provider_timeout"
    assert len(items) == 10
    await _closed_by_client(demo, tag)


async def test_slow_answers_are_no_silence(connect: Connect, demo: DemoProcess, name: str) -> None:
    """Each gap is short, all together is not."""
    provider = connect(demo.address, PROVIDER_FIRST_TOKEN_SECONDS="1.5", PROVIDER_IDLE_SECONDS="1.2")
    items = await collect(provider, a_request("[demo:tokens=20 rate=10]", provider=name))
    assert len(items) == 21


async def test_a_slow_consumer_is_no_silence(connect: Connect, demo: DemoProcess, name: str) -> None:
    provider = connect(demo.address, PROVIDER_FIRST_TOKEN_SECONDS="2", PROVIDER_IDLE_SECONDS="0.2")
    items: list[str | Finish] = []
    async with provider.stream(a_request("[demo:tokens=100]", provider=name)) as answer:
        async for item in answer:
            if not items:
                await asyncio.sleep(0.7)  # longer than the provider may be silent
            if not isinstance(item, Usage):
                items.append(item)
    assert len(items) == 101


async def test_reasoning_is_a_sign_of_life(connect: Connect, listen: Listen) -> None:
    """A model that thinks aloud before its first word is not silent."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(EVENT_STREAM)
        for _ in range(8):
            writer.write(chunk(b'data: {"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}\n\n'))
            await asyncio.sleep(0.1)
        end = b'{"choices":[{"index":0,"delta":{"content":"Yes."},"finish_reason":"stop"}]}'
        writer.write(chunk(b"data: " + end + b"\n\ndata: [DONE]\n\n") + LAST_CHUNK)

    address = await listen(handler)
    provider = connect(address, PROVIDER_FIRST_TOKEN_SECONDS="0.4", PROVIDER_IDLE_SECONDS="0.4")
    assert text_of(await collect(provider, a_request("hello", provider="xai"))) == "Yes."


async def test_keep_alives_are_no_sign_of_life(connect: Connect, listen: Listen, name: str) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(EVENT_STREAM)
        while not writer.is_closing():
            writer.write(chunk(b': still here\n\nevent: ping\ndata: {"type": "ping"}\n\n'))
            await asyncio.sleep(0.05)

    provider = connect(await listen(handler), PROVIDER_FIRST_TOKEN_SECONDS="0.4")
    with pytest.raises(ProviderError) as raised:
        await collect(provider, a_request("hello", provider=name))
    assert raised.value.code == "provider_timeout"


async def test_a_stream_that_said_all_may_stay_open_only_shortly(connect: Connect, listen: Listen) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for event in (
            b'{"type":"content_block_delta","delta":{"type":"text_delta","text":"All."}}',
            b'{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}',
            b'{"type":"message_stop"}',
        ):
            writer.write((b"" if event[9:10] != b"c" else EVENT_STREAM) + chunk(b"event: e\ndata: " + event + b"\n\n"))
        await reader.read(1)

    provider = connect(await listen(handler))
    await provider.adapter("anthropic")
    begun = time.monotonic()
    items = await collect(provider, a_request("hello", provider="anthropic"))
    assert items == ["All.", Finish("stop", None)]
    assert time.monotonic() - begun < 5


async def test_callers_own_cancellation_stays_one(connect: Connect, demo: DemoProcess, name: str, tag: str) -> None:
    """It is not mistaken for the provider's silence."""
    provider = connect(demo.address)
    scope = asyncio.timeout(None)

    async def end_when_asked() -> None:
        while not demo.calls(tag)["open"]:
            await asyncio.sleep(0.02)
        scope.reschedule(0)

    ending = asyncio.create_task(end_when_asked())
    with pytest.raises(TimeoutError):
        async with scope:
            await collect(provider, a_request(f"{tag} [demo:hang]", provider=name))
    await ending
    await _closed_by_client(demo, tag)


async def _closed_by_client(demo: DemoProcess, tag: str) -> None:
    async with asyncio.timeout(5):
        while demo.calls(tag)["closedByClient"] != 1:
            await asyncio.sleep(0.02)
    assert demo.calls(tag)["open"] == 0
