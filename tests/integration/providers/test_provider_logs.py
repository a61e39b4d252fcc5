"""Each failure leaves its cause in the log, once: statuses, kinds and identifiers, and no texts."""

import asyncio
import json
import logging
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from chat.errors import ProviderError
from chat_stream.providers.port import ChatProvider
from chat_stream.providers.registry import ProviderRegistry
from chat_stream.providers.settings import ProviderSettings
from fakes.network.certificates import write_certificate
from fakes.network.free_ports import NOBODY
from fakes.network.raw_http import EVENT_STREAM, LAST_CHUNK, chunk, read_request
from fakes.providers.asking import a_request, collect
from fakes.providers.demo_process import DemoProcess
from fakes.providers.fixtures import Connect, Handler, Listen
from fakes.providers.wires import WIRES, event

KEY = "sk-very-secret-0123456789"
PROMPT, ANSWER, MESSAGE = "a-private-prompt", "a-private-answer", "a-private-message"
LABELS = {"openai": "OpenAI", "anthropic": "Anthropic", "xai": "xAI"}


@pytest.fixture(autouse=True)
def _log_everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


async def logged(
    provider: ChatProvider, name: str, caplog: pytest.LogCaptureFixture, *, prompt: str = PROMPT
) -> dict[str, Any]:
    """The fields of the one line about the failure; no line has a text or a key."""
    with pytest.raises(ProviderError) as raised:
        await collect(provider, a_request(prompt, provider=name))
    (record,) = [record for record in caplog.records if record.message == "provider failed"]
    everything = str([vars(record) for record in caplog.records])
    assert not [secret for secret in (KEY, PROMPT, ANSWER, MESSAGE) if secret in everything]
    fields = vars(record)
    assert record.levelname == "WARNING"
    assert (fields["provider"], fields["code"]) == (LABELS.get(name, name), raised.value.code)
    return fields


def answering(data: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(data)

    return handler


def refusal(status: int, body: dict[str, Any], headers: str) -> bytes:
    data = json.dumps(body).encode()
    return f"HTTP/1.1 {status} No\r\n{headers}content-length: {len(data)}\r\n\r\n".encode() + data


async def test_refusal_is_logged_with_the_providers_identifiers(
    connect: Connect, listen: Listen, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"type": "error", "error": {"type": "a_new_kind", "code": "a_code", "message": f"{MESSAGE} {KEY}"}}
    headers = "x-request-id: req_011CSHoEeqs5C35K2UUqR7Fy\r\ncontent-type: application/json\r\n"
    provider = connect(await listen(answering(refusal(422, body, headers))), OPENAI_API_KEY=KEY)
    line = await logged(provider, name, caplog)
    assert (line["http_status"], line["provider_request_id"]) == (422, "req_011CSHoEeqs5C35K2UUqR7Fy")
    assert line["media_type"] == "application/json"
    assert line["provider_error"] == (["a_new_kind"] if name == "anthropic" else ["a_code", "a_new_kind"])
    assert line["exception_name"] == ["UnprocessableEntityError"]
    assert line["places"]


@pytest.mark.parametrize("odd", [f"{MESSAGE} in words", "x" * 200, "<b>", "a\nb", ""])
async def test_malformed_request_id_is_not_logged(
    connect: Connect, listen: Listen, name: str, caplog: pytest.LogCaptureFixture, odd: str
) -> None:
    """A provider could write anything there."""
    header = "x-request-id: " + odd.replace("\n", " ") + "\r\ncontent-type: " + odd.replace("\n", " ") + "\r\n"
    body = {"error": {"type": odd, "code": odd, "message": MESSAGE}}
    line = await logged(connect(await listen(answering(refusal(400, body, header)))), name, caplog)
    assert not {"provider_error", "provider_request_id", "media_type"} & set(line)


async def test_error_event_is_logged(
    connect: Connect, listen: Listen, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    wire = WIRES["anthropic" if name == "anthropic" else "openai"]
    error = event({"type": "error", "error": {"type": "overloaded_error", "message": MESSAGE}}, "error")
    head = EVENT_STREAM.replace(b"\r\n\r\n", b"\r\nrequest-id: req_1\r\n\r\n")
    data = head + chunk(wire.opening() + wire.token(ANSWER) + error) + LAST_CHUNK
    line = await logged(connect(await listen(answering(data))), name, caplog)
    assert (line["http_status"], line["provider_error"]) == (200, ["overloaded_error"])
    assert line["provider_request_id"] == "req_1"


@pytest.mark.parametrize("data", ["{nonsense " + ANSWER, "[" * 100_000])
async def test_unreadable_event_is_logged(
    connect: Connect, listen: Listen, name: str, caplog: pytest.LogCaptureFixture, data: str
) -> None:
    line = await logged(connect(await listen(answering(EVENT_STREAM + chunk(event(data))))), name, caplog)
    assert line["exception_name"][0] == "MalformedEventError"
    assert line["http_status"] == 200


@pytest.mark.parametrize(
    ("directives", "reason", "environ"),
    [
        ("hang", "no first token", {"PROVIDER_FIRST_TOKEN_SECONDS": "0.5"}),
        ("stall-after=2", "silent", {"PROVIDER_IDLE_SECONDS": "0.5"}),
        ("cut-after=0", "no finish", {}),
        ("cut-after=2", "no finish", {}),
        ("empty", "stop", {}),
        ("empty finish=content_filter", "content_filter", {}),
    ],
)
async def test_answer_that_does_not_come_is_logged(
    *,
    connect: Connect,
    demo: DemoProcess,
    name: str,
    caplog: pytest.LogCaptureFixture,
    directives: str,
    reason: str,
    environ: dict[str, str],
) -> None:
    provider = connect(demo.address, **environ)
    line = await logged(provider, name, caplog, prompt=f"{PROMPT} [demo:{directives}]")
    assert line["reason"] == reason


async def test_redirect_is_logged_by_its_status(
    connect: Connect, listen: Listen, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    provider = connect(await listen(answering(refusal(308, {}, f"location: http://{MESSAGE}/\r\n"))))
    assert (await logged(provider, name, caplog))["http_status"] == 308


async def test_name_that_is_not_found_is_logged(
    connect: Connect, name: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_found(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, MESSAGE)

    provider = connect("http://provider.invalid")
    monkeypatch.setattr(socket, "getaddrinfo", not_found)
    assert (await logged(provider, name, caplog))["connection"] == "dns"


async def test_refused_connection_is_logged(connect: Connect, name: str, caplog: pytest.LogCaptureFixture) -> None:
    provider = connect(f"http://{NOBODY}")
    assert (await logged(provider, name, caplog))["connection"] == "ECONNREFUSED"


async def test_server_without_tls_is_logged(
    connect: Connect, listen: Listen, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    address = (await listen(handler)).replace("http:", "https:")
    assert (await logged(connect(address), name, caplog))["connection"] == "tls"


async def test_certificate_that_is_not_trusted_is_logged(
    connect: Connect, name: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    server = await tls_server(tmp_path, answering(b""))
    try:
        provider = connect(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        assert (await logged(provider, name, caplog))["connection"] == "tls_certificate"
    finally:
        server.close()


async def test_tls_that_ends_without_a_word_is_logged(
    connect: Connect, name: str, caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a load balancer dies: neither `close_notify` nor an end of the response."""
    wire = WIRES["anthropic" if name == "anthropic" else "openai"]

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(EVENT_STREAM + chunk(wire.opening() + wire.token(ANSWER)))
        await writer.drain()
        writer.get_extra_info("socket").shutdown(socket.SHUT_WR)

    server = await tls_server(tmp_path, handler)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    try:
        provider = connect(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        line = await logged(provider, name, caplog)
        assert line["code"] == "provider_interrupted"
        assert line["exception_name"]
    finally:
        server.close()


async def tls_server(folder: Path, handler: Handler) -> asyncio.Server:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    write_certificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        finally:
            writer.transport.abort()

    return await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({}, "no key"),
        ({"OPENAI_API_KEY": f"{KEY} with words"}, "key"),
        ({"OPENAI_API_KEY": KEY, "HTTPS_PROXY": f"foo://{MESSAGE}"}, "client"),
        ({"OPENAI_API_KEY": KEY, "SSL_CERT_FILE": f"/{MESSAGE}"}, "client"),
    ],
)
async def test_missing_access_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, environ: dict[str, str], reason: str
) -> None:
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    line = await logged(ProviderRegistry(ProviderSettings.from_environ(environ)), "openai", caplog)
    assert (line["code"], line["reason"]) == ("provider_misconfigured", reason)


async def test_unknown_provider_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    line = await logged(ProviderRegistry(ProviderSettings.from_environ({})), "nobody", caplog)
    assert line["reason"] == "unknown provider"
