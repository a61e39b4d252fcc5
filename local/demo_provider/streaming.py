"""Streams one answer token by token, with the faults that the prompt's directives request."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass

from starlette.types import Message, Receive, Scope, Send

from demo_provider.calls import Call
from demo_provider.directives import Directives
from demo_provider.wire import Wire

_BURST = 32
"""Tokens sent in one write when the rate is unlimited."""


class ConnectionCutError(Exception):
    """Makes the server drop the connection in the middle of the answer."""


@dataclass(frozen=True, slots=True)
class StreamedAnswer:
    """An ASGI application that streams one answer."""

    wire: Wire
    tokens: Sequence[str]
    finish: str
    tokens_per_second: float
    directives: Directives
    call: Call

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        disconnected = asyncio.create_task(_disconnected(receive))
        try:
            await self._send(send, disconnected)
        finally:
            self.call.state = "closedByClient" if disconnected.done() else "completed"
            disconnected.cancel()

    async def _send(self, send: Send, disconnected: asyncio.Task[None]) -> None:
        if self.directives.hang:
            await disconnected
            return
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async with contextlib.aclosing(self._body(disconnected)) as body:
            async for data in body:
                if disconnected.done():
                    return
                await send(_part(data))
        await send(_part(b"", more=False))

    async def _body(self, disconnected: asyncio.Task[None]) -> AsyncGenerator[bytes]:
        yield self.wire.opening()
        await _sleep(self.directives.slow_first, disconnected)
        fault, after = self._fault()
        async for tokens in self._paced(self.tokens[:after], disconnected):
            yield b"".join(map(self.wire.token, tokens))
        match fault:
            case "stall":
                await disconnected
            case "die":
                raise ConnectionCutError
            case "malformed":
                yield self.wire.malformed()
            case "error":
                yield self.wire.error_event()
            case None:
                yield self.wire.ending(finish=self.finish, output_tokens=len(self.tokens))

    def _fault(self) -> tuple[str | None, int | None]:
        """The earliest fault, and the number of tokens before it."""
        faults = {
            "stall": self.directives.stall_after,
            "die": self.directives.die_after,
            "cut": self.directives.cut_after,
            "malformed": self.directives.malformed_after,
            "error": self.directives.error_after,
        }
        planned = [(after, name) for name, after in faults.items() if after is not None and after <= len(self.tokens)]
        after, name = min(planned, default=(None, None))
        return name, after

    async def _paced(self, tokens: Sequence[str], disconnected: asyncio.Task[None]) -> AsyncGenerator[Iterable[str]]:
        if not self.tokens_per_second:
            for burst in itertools.batched(tokens, _BURST, strict=False):
                yield burst
            return
        loop = asyncio.get_running_loop()
        started = loop.time()
        for number, token in enumerate(tokens):
            await _sleep(started + number / self.tokens_per_second - loop.time(), disconnected)
            yield (token,)


def _part(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _sleep(seconds: float, disconnected: asyncio.Task[None]) -> None:
    if seconds > 0:
        await asyncio.wait([disconnected], timeout=seconds)
