"""The stream function with a provider that answers at once: its application as deployed, but for that.

With REDIS_URL it shares answers as deployed; without, it does not.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from chat.messages import Usage
from chat_stream.app import create_app
from chat_stream.composition import StreamComposition, compose
from chat_stream.providers.port import ChatRequest, Finish

TOKENS = int(os.environ.get("BENCH_TOKENS", "500"))


class InstantProvider:
    """Gives `TOKENS` tokens without waiting."""

    @asynccontextmanager
    async def stream(self, request: ChatRequest) -> AsyncIterator[AsyncIterator[str | Finish]]:
        yield _answer(request)


async def _answer(request: ChatRequest) -> AsyncIterator[str | Finish]:
    for _ in range(TOKENS):
        yield "text chunk"
    yield Finish("stop", Usage(len(request.turns), TOKENS))


def _compose() -> StreamComposition:
    composition = compose()
    generations = composition.streams.generations
    instantly = replace(generations, answers=replace(generations.answers, provider=InstantProvider()))
    return replace(composition, streams=replace(composition.streams, generations=instantly))


app = create_app(_compose)
