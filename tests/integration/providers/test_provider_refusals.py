"""What a provider answers with an error status, and which of these the SDK tries again."""

import asyncio
import time

import pytest

from chat.errors import ProviderError
from chat_stream.providers.failures.retry_after import MAX_SECONDS
from chat_stream.providers.port import ChatProvider
from fakes.network.raw_http import read_request
from fakes.providers.asking import a_request, collect, text_of
from fakes.providers.demo_process import DemoProcess
from fakes.providers.fixtures import Connect, Listen


@pytest.mark.parametrize(
    ("status", "code", "retryable", "calls"),
    [
        (400, "provider_rejected", False, 1),
        (401, "provider_misconfigured", False, 1),
        (403, "provider_misconfigured", False, 1),
        (404, "provider_misconfigured", False, 1),
        (413, "provider_rejected", False, 1),
        (422, "provider_rejected", False, 1),
        (408, "provider_unavailable", True, 3),
        (409, "provider_unavailable", True, 3),
        (429, "provider_rate_limited", True, 3),
        (500, "provider_unavailable", True, 3),
        (503, "provider_unavailable", True, 3),
        (529, "provider_unavailable", True, 3),
    ],
)
async def test_status_becomes_a_code(
    *,
    provider: ChatProvider,
    demo: DemoProcess,
    name: str,
    tag: str,
    status: int,
    code: str,
    retryable: bool,
    calls: int,
) -> None:
    with pytest.raises(ProviderError) as raised:
        await collect(provider, a_request(f"{tag} [demo:status={status} retry-after=0.01]", provider=name))
    assert (raised.value.code, raised.value.retryable) == (code, retryable)
    assert demo.calls(tag)["calls"] == calls


async def test_failures_before_the_answer_are_retried(
    provider: ChatProvider, demo: DemoProcess, name: str, tag: str
) -> None:
    begun = time.monotonic()
    items = await collect(provider, a_request(f"{tag} [demo:status=500 times=1 tokens=5]", provider=name))
    assert text_of(items)
    assert demo.calls(tag)["calls"] == 2
    assert time.monotonic() - begun > 0.3, "a retry waits"


async def test_retries_wait_as_long_as_the_provider_says(
    provider: ChatProvider, demo: DemoProcess, name: str, tag: str
) -> None:
    begun = time.monotonic()
    await collect(provider, a_request(f"{tag} [demo:status=429 times=1 retry-after=1.2 tokens=5]", provider=name))
    assert time.monotonic() - begun >= 1.2
    assert demo.calls(tag)["calls"] == 2


async def test_long_retry_after_is_passed_on_instead_of_awaited(
    provider: ChatProvider, demo: DemoProcess, name: str, tag: str
) -> None:
    begun = time.monotonic()
    with pytest.raises(ProviderError) as raised:
        await collect(provider, a_request(f"{tag} [demo:status=429 retry-after=17.5]", provider=name))
    assert time.monotonic() - begun < 15
    assert raised.value.code == "provider_rate_limited"
    assert raised.value.extensions == {"retryAfterSeconds": 18}
    assert demo.calls(tag)["calls"] == 1


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
async def test_temporary_refusals_have_retry_after(provider: ChatProvider, name: str, tag: str, status: int) -> None:
    with pytest.raises(ProviderError) as raised:
        await collect(provider, a_request(f"{tag} [demo:status={status} retry-after=17.5]", provider=name))
    assert raised.value.extensions == {"retryAfterSeconds": 18}


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_permanent_refusals_have_no_retry_after(provider: ChatProvider, name: str, tag: str, status: int) -> None:
    with pytest.raises(ProviderError) as raised:
        await collect(provider, a_request(f"{tag} [demo:status={status} retry-after=17.5]", provider=name))
    assert raised.value.extensions == {}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("retry-after-ms: 17500", 18),
        ("retry-after-ms: 17500\r\nretry-after: 99", 18),
        ("retry-after-ms: soon\r\nretry-after: 99", 99),
        ("retry-after: 99999999999", MAX_SECONDS),
        ("retry-after: 1e999", MAX_SECONDS),
        ("retry-after-ms: inf", MAX_SECONDS),
        ("retry-after: Fri, 31 Dec 9999 23:59:59 GMT", MAX_SECONDS),
    ],
)
async def test_retry_after_is_bounded(connect: Connect, listen: Listen, name: str, header: str, seconds: int) -> None:
    """In every form that the SDKs would wait for."""
    calls: list[str] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append((await read_request(reader))[0])
        writer.write(f"HTTP/1.1 429 No\r\n{header}\r\ncontent-length: 0\r\n\r\n".encode())

    with pytest.raises(ProviderError) as raised:
        await collect(connect(await listen(handler)), a_request("hello", provider=name))
    assert raised.value.extensions == {"retryAfterSeconds": seconds}
    assert len(calls) == 1


async def test_refusal_whose_body_does_not_come_is_understood_by_its_status(
    connect: Connect, listen: Listen, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat_stream.providers.connection.REFUSAL_SECONDS", 0.1)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 429 No\r\nretry-after: 17\r\ncontent-length: 100\r\n\r\n{")
        await reader.read()

    with pytest.raises(ProviderError) as raised:
        await collect(connect(await listen(handler)), a_request("hello", provider=name))
    assert raised.value.code == "provider_rate_limited"
    assert raised.value.extensions == {"retryAfterSeconds": 17}


async def test_exhausted_quota_is_the_operators_business(connect: Connect, listen: Listen) -> None:
    """OpenAI reports it as 429 with a distinct code."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        body = (
            b'{"error":{"message":"You exceeded your quota.","type":"insufficient_quota","code":"insufficient_quota"}}'
        )
        head = f"HTTP/1.1 429 No\r\nx-should-retry: false\r\ncontent-length: {len(body)}\r\n"
        writer.write(head.encode() + b"content-type: application/json\r\n\r\n" + body)

    with pytest.raises(ProviderError) as raised:
        await collect(connect(await listen(handler)), a_request("hello"))
    assert (raised.value.code, raised.value.retryable) == ("provider_misconfigured", False)


async def test_error_page_of_a_proxy_is_understood_by_its_status(connect: Connect, listen: Listen, name: str) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        head = b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\nretry-after: 0.01\r\ncontent-length: 9\r\n\r\n"
        writer.write(head + b"<h1>no</h1>"[:9])

    with pytest.raises(ProviderError) as raised:
        await collect(connect(await listen(handler)), a_request("hello", provider=name))
    assert raised.value.code == "provider_unavailable"


async def test_the_providers_words_are_not_passed_on(provider: ChatProvider, name: str) -> None:
    """They may name the key; the SDK's error is the cause, for the log."""
    with pytest.raises(ProviderError) as raised:
        await collect(provider, a_request("[demo:status=401]", provider=name))
    assert "key" not in raised.value.message.lower()
    assert type(raised.value.__cause__).__name__ == "AuthenticationError"
