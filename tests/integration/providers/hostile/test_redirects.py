"""Redirects are not followed: only the configured address sees prompts and keys."""

import asyncio

import pytest

from chat.errors import ProviderError
from fakes.network.raw_http import read_request
from fakes.providers.asking import a_request, collect
from fakes.providers.fixtures import Connect, Listen


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
async def test_redirect_is_not_followed(connect: Connect, listen: Listen, name: str, status: int) -> None:
    """It means that the address is wrong; trying again does not help."""
    seen: list[str] = []

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())

    async def redirecting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        asked.append(status)
        writer.write(f"HTTP/1.1 {status} Elsewhere\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n".encode())

    asked: list[int] = []
    target = await listen(other)
    provider = connect(await listen(redirecting))
    with pytest.raises(ProviderError) as raised:
        await collect(provider, a_request("hello", provider=name))
    assert (raised.value.code, raised.value.retryable) == ("provider_misconfigured", False)
    assert seen == []
    assert asked == [status]


@pytest.mark.parametrize("location", ["", "location: \r\n", "location: http://[::1\r\n", "location: foo://\xe4\r\n"])
async def test_redirect_to_nowhere(connect: Connect, listen: Listen, name: str, location: str) -> None:
    async def redirecting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(f"HTTP/1.1 308 Elsewhere\r\n{location}content-length: 0\r\n\r\n".encode("latin-1"))

    with pytest.raises(ProviderError) as raised:
        await collect(connect(await listen(redirecting)), a_request("hello", provider=name))
    assert raised.value.code == "provider_misconfigured"
