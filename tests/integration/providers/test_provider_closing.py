"""Leaving an answer closes the provider's connection, however it is left: the provider sees it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from chat_stream.providers.port import ChatProvider, Finish, Piece
from fakes.providers.asking import a_request
from fakes.providers.demo_process import DemoProcess

ENDLESS = "[demo:tokens=100000 rate=200]"


async def _closed(demo: DemoProcess, tag: str) -> None:
    async with asyncio.timeout(5):
        while demo.calls(tag) != {"calls": 1, "open": 0, "completed": 0, "closedByClient": 1}:
            await asyncio.sleep(0.02)


async def test_leaving_in_the_middle(provider: ChatProvider, demo: DemoProcess, name: str, tag: str) -> None:
    async with provider.stream(a_request(f"{tag} {ENDLESS}", provider=name)) as answer:
        assert await anext(answer)
        assert demo.calls(tag)["open"] == 1
    await _closed(demo, tag)


async def test_an_exception_in_the_consumer(provider: ChatProvider, demo: DemoProcess, name: str, tag: str) -> None:
    async def consume() -> None:
        async with provider.stream(a_request(f"{tag} {ENDLESS}", provider=name)) as answer:
            async for _ in answer:
                raise KeyError

    with pytest.raises(KeyError):
        await consume()
    await _closed(demo, tag)


@pytest.mark.parametrize("directive", ["hang", "stall-after=0", "stall-after=5", "tokens=100000 rate=200"])
async def test_cancelling_the_consumer(
    provider: ChatProvider, demo: DemoProcess, name: str, tag: str, directive: str
) -> None:
    """Before the headers, before the first token, between tokens, in the flow of tokens."""
    items: list[str] = []

    async def consume() -> None:
        async with provider.stream(a_request(f"{tag} [demo:{directive}]", provider=name)) as answer:
            async for item in answer:
                if isinstance(item, str):
                    items.append(item)  # noqa: PERF401  # seen from outside while it grows

    task = asyncio.create_task(consume())
    expected = 5 if "5" in directive or "rate" in directive else 0
    async with asyncio.timeout(10):
        while len(items) < expected or not demo.calls(tag)["open"]:
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _closed(demo, tag)


async def test_never_iterated_is_never_asked(provider: ChatProvider, demo: DemoProcess, name: str, tag: str) -> None:
    async with provider.stream(a_request(tag, provider=name)):
        pass
    assert demo.calls(tag)["calls"] == 0


async def test_iterating_in_another_task(provider: ChatProvider, name: str) -> None:
    """A consumer may await each item in a different task."""
    items: list[Piece] = []
    async with provider.stream(a_request("[demo:tokens=5]", provider=name)) as answer:
        while not (items and isinstance(items[-1], Finish)):
            items.append(await asyncio.ensure_future(_next(answer)))
    assert len([item for item in items if isinstance(item, str)]) == 5


async def _next(answer: AsyncIterator[Piece]) -> Piece:
    return await anext(answer)


async def test_one_answers_end_leaves_others_alone(provider: ChatProvider, name: str) -> None:
    async with provider.stream(a_request("[demo:tokens=60 rate=100]", provider=name)) as answer:
        items = [await anext(answer)]
        async with provider.stream(a_request(ENDLESS, provider=name)) as other:
            await anext(other)
        items += [item async for item in answer]
    assert len([item for item in items if isinstance(item, str)]) == 60
