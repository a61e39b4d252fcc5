"""A `ChatProvider` that plays scripts."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from chat.messages import Usage
from chat_stream.providers.port import ChatRequest, Finish, Piece


@dataclass(frozen=True, slots=True)
class Pause:
    """Pauses a script: `reached` is set at this point, and the script continues once `released` is set."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)


type Step = str | Usage | Finish | BaseException | Pause | asyncio.Event
"""A delta, the end, something to raise, or something to wait for."""


class ScriptedProvider:
    """Plays one script a call: the first call the first script, and so on; the last one again and again.

    A script that begins with an exception fails on opening. One that ends with neither `Finish` nor an exception is
    finished with `stop`, one input token and an output token for each delta.
    """

    def __init__(self, *scripts: Sequence[Step]) -> None:
        self._scripts = scripts
        self.requests: list[ChatRequest] = []
        """What was asked, call by call."""
        self.open_streams = 0
        """Contexts entered and not left."""

    @asynccontextmanager
    async def stream(self, request: ChatRequest) -> AsyncIterator[AsyncIterator[Piece]]:
        script = self._scripts[min(len(self.requests), len(self._scripts) - 1)]
        self.requests.append(request)
        if script and isinstance(script[0], BaseException):
            raise script[0]
        self.open_streams += 1
        answer = _play(script)
        try:
            yield answer
        finally:
            await answer.aclose()
            self.open_streams -= 1


async def _play(script: Sequence[Step]) -> AsyncGenerator[Piece]:
    for step in script:
        match step:
            case BaseException():
                raise step
            case asyncio.Event():
                await step.wait()
            case Pause():
                step.reached.set()
                await step.released.wait()
            case _:
                yield step
    if not script or not isinstance(script[-1], Finish):
        yield Finish("stop", Usage(input_tokens=1, output_tokens=sum(isinstance(step, str) for step in script)))
