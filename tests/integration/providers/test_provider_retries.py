"""How often the SDKs asked once more, as the stream function counts it."""

import asyncio
import contextlib

import pytest

from chat.errors import ProviderError
from chat_stream.providers.port import ChatProvider
from chat_stream.telemetry.answer_trace import AnsweredFrom, AnswerTrace
from fakes.providers.asking import a_request
from fakes.providers.fixtures import Connect, Listen


async def ask(provider: ChatProvider, prompt: str, name: str) -> AnswerTrace:
    """One answer, read to its end or failure."""
    trace = AnswerTrace()
    with contextlib.suppress(ProviderError):
        async with trace.ask(provider, a_request(prompt, provider=name)) as pieces:
            async for _ in pieces:
                pass
    assert trace.answered_from is AnsweredFrom.PROVIDER
    return trace


@pytest.mark.parametrize(
    ("directives", "retries", "errors"),
    [
        ("tokens=3", 0, 0),
        ("status=500 times=1 tokens=3", 1, 0),
        ("status=429 retry-after=0.01 times=2 tokens=3", 2, 0),
        ("status=503 retry-after=0.01", 2, 1),
        ("status=401", 0, 1),
        ("die-after=2", 0, 1),
    ],
)
async def test_retries_and_failures_are_counted(
    *, provider: ChatProvider, name: str, tag: str, directives: str, retries: int, errors: int
) -> None:
    trace = await ask(provider, f"{tag} [demo:{directives}]", name)

    assert (trace.retries.count, trace.provider_errors) == (retries, errors)


async def test_answers_at_the_same_time_have_counts_of_their_own(provider: ChatProvider, name: str, tag: str) -> None:
    prompts = [f"{tag} {number} [demo:status=500 retry-after=0.01 times={number % 3} tokens=3]" for number in range(9)]

    tallies = await asyncio.gather(*(ask(provider, prompt, name) for prompt in prompts))

    assert [trace.retries.count for trace in tallies] == [number % 3 for number in range(9)]


async def test_connections_that_break_are_retried_too(connect: Connect, listen: Listen, name: str) -> None:
    async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        return

    trace = await ask(connect(await listen(hang_up)), "hello", name)

    assert (trace.retries.count, trace.provider_errors) == (2, 1)
