"""A provider with random answers: it thinks, stalls, repeats itself, refuses, fails in the middle."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

from chat.errors import ProviderError
from chat.messages import Usage
from chat_stream.providers.port import ChatRequest, Finish, Piece
from simulation.engine.loop import SimLoop
from simulation.engine.process import CURRENT, Process
from simulation.world.connection import CONNECTION

WORDS = ("one ", "two ", "drei ", "élan ", "🦉 ", "nul\u2028 ", "\n", "aa", "aa", "a", '\t"quoted"', "\\n ")
TIMEOUT_SECONDS = 30.0
"""After which an adapter gives up on a silent provider."""
REFUSALS = (
    ("provider_rate_limited", True),
    ("provider_unavailable", True),
    ("provider_rejected", False),
    ("provider_misconfigured", False),
)


@dataclass(slots=True)
class ProviderCall:
    """One answer that was asked for."""

    number: int
    session_id: str
    question: str
    process: Process
    began_at: float
    ended_at: float | None = None
    given: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.given)


class SimProvider:
    """A `chat_stream.providers.port.ChatProvider`. Each call's answer is identified by its beginning."""

    def __init__(
        self, loop: SimLoop, seed: str, fired: Counter[str], asked: Callable[[ProviderCall, ChatRequest], None]
    ) -> None:
        self._loop = loop
        self._seed = seed
        self._fired = fired
        self._asked = asked
        self.calls: list[ProviderCall] = []

    @asynccontextmanager
    async def stream(self, request: ChatRequest) -> AsyncIterator[AsyncIterator[Piece]]:
        question = request.turns[-1].content
        call = ProviderCall(len(self.calls), CONNECTION.get().session_id, question, CURRENT.get(), self._loop.time())
        self.calls.append(call)
        self._asked(call, request)
        asked_before = sum(earlier.question == question for earlier in self.calls) - 1
        pieces = self._play(call, Random(f"{self._seed}/{question}/{asked_before}"))
        try:
            yield pieces
        finally:
            call.ended_at = self._loop.time()
            await pieces.aclose()

    async def _play(self, call: ProviderCall, random: Random) -> AsyncGenerator[Piece]:
        kind = random.random()
        await self._sleep("thinks", random.choice((0.0, 0.02, 0.2, 1.0, 4.0)))
        if kind < 0.05:
            code, retryable = random.choice(REFUSALS)
            self._fired["provider refuses"] += 1
            raise ProviderError("Refused.", code=code, retryable=retryable)
        gap = random.choice((0.0, 0.005, 0.05, 0.3, 1.0))
        count = random.choice((1, 2, 5, 12, 30)) if gap < 1 else random.choice((2, 5, 9))
        if call.question.startswith("long"):
            gap, count = 1.0, 14
        elif call.question == "common long":
            await asyncio.sleep(20.0)
        stall_at = random.randrange(count) if random.random() < 0.12 else -1
        for number in range(count):
            if number == stall_at:
                self._fired["provider stalls"] += 1
                await self._sleep("stalls", random.choice((2.5, 7.0, 12.0)))
            elif gap and number:
                await self._sleep("", gap * (0.5 + random.random()))
            text = f"<{call.number}:{call.question}> " if not number else random.choice(WORDS)
            call.given.append(text)
            if random.random() < 0.1:
                yield Usage(7, number + 1)
            yield text
        for piece in self._end(kind, random, count):
            yield piece
        if kind > 0.97:
            self._fired["provider falls silent"] += 1
            await asyncio.sleep(TIMEOUT_SECONDS)
            raise ProviderError("Silent.", code="provider_timeout")

    def _end(self, kind: float, random: Random, count: int) -> list[Piece]:
        if 0.05 <= kind < 0.12:
            self._fired["provider breaks off"] += 1
            raise ProviderError("Cut.", code="provider_interrupted")
        if kind > 0.97:
            return []
        reason = "stop" if kind < 0.9 else random.choice(("length", "content_filter"))
        return [Finish(reason, Usage(7, count))]

    async def _sleep(self, what: str, seconds: float) -> None:
        if what == "thinks" and seconds > 1:
            self._fired["provider thinks"] += 1
        if seconds:
            await asyncio.sleep(seconds)
