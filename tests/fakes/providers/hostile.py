"""Providers that misbehave, each told by one row of a table, and what is to become of their answers."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

import pytest

from chat.errors import ProviderError
from chat_stream.providers.port import Finish
from fakes.network.raw_http import EVENT_STREAM, LAST_CHUNK, chunk, read_request
from fakes.providers.asking import a_model, a_request, collect, text_of
from fakes.providers.fixtures import Connect, Listen
from fakes.providers.wires import USAGE, WIRES, Wire

GUARD_SECONDS = 20
"""Less than the 30 seconds after which a silent provider is given up."""


class Ending(Enum):
    """What the server does when it has sent all."""

    END = "ends the response as HTTP says"
    CUT = "closes the connection"
    HOLD = "keeps the connection open"
    REPEAT = "sends the last part again and again"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the caller of the provider sees: the text, and an error's code or the finish."""

    text: str
    code: str | None = None
    finish: Finish | None = None


def done(text: str = "Hello", finish: Finish | None = None) -> Outcome:
    """A complete answer."""
    return Outcome(text, finish=finish or Finish("stop", USAGE))


def failed(code: str, text: str = "") -> Outcome:
    """An answer that failed, after some text."""
    return Outcome(text, f"provider_{code}")


@dataclass(frozen=True, slots=True)
class Row:
    """A behaviour: the parts of the response's body, each a chunk, and how it ends."""

    name: str
    parts: Callable[[Wire], Sequence[bytes]]
    expected: Outcome
    ending: Ending = Ending.END
    wires: Sequence[str] = tuple(WIRES)
    head: bytes = EVENT_STREAM
    chunked: bool = True
    environ: dict[str, str] = field(default_factory=dict)
    max_output_tokens: int = 1_000_000


def table(rows: Sequence[Row]) -> pytest.MarkDecorator:
    """Parametrizes `row` and `wire`: each row with each format that it is meant for."""
    cases = [(row, WIRES[name]) for row in rows for name in row.wires]
    return pytest.mark.parametrize(("row", "wire"), cases, ids=[f"{row.name}-{wire.name}" for row, wire in cases])


async def outcome_of(row: Row, wire: Wire, connect: Connect, listen: Listen) -> Outcome:
    """Asks a provider that behaves like the row. Where it holds the connection open, it must see its end."""
    closed = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(row.head)
        for part in row.parts(wire):
            writer.write(chunk(part) if row.chunked else part)
            await writer.drain()
        await _end(row, reader, writer, part)
        closed.set()

    provider = connect(await listen(handler), **row.environ)
    model = a_model(wire.name, max_output_tokens=row.max_output_tokens)
    await provider.adapter(wire.name)  # the SDK's import is not the provider's time
    items: list[str | Finish] = []
    code = None
    async with asyncio.timeout(GUARD_SECONDS):
        try:
            await collect(provider, a_request("hello", model=model), items)
        except ProviderError as error:
            code = error.code
        if row.ending in {Ending.HOLD, Ending.REPEAT}:
            await closed.wait()
    finish = items[-1] if items and isinstance(items[-1], Finish) else None
    return Outcome(text_of(items), code, finish)


async def _end(row: Row, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, last: bytes) -> None:
    match row.ending:
        case Ending.END if row.chunked:
            writer.write(LAST_CHUNK)
        case Ending.HOLD:
            assert await reader.read() == b""
        case Ending.REPEAT:
            gone = asyncio.ensure_future(reader.read())
            while not gone.done():
                writer.write(chunk(last))
                await asyncio.wait([gone], timeout=0.02)
