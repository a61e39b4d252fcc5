"""The registry: SDKs imported late, keys found and never shown, one client."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import boto3
import pytest
from moto.server import ThreadedMotoServer

from chat.errors import ProviderError
from chat.ids import new_id
from chat.secrets_manager import secrets_provider
from chat.settings import SettingsError
from chat_stream.providers.registry import PAUSE_SECONDS, PROVIDERS, ProviderRegistry
from chat_stream.providers.settings import ProviderAccess, ProviderSettings
from fakes.clock import FakeClock
from fakes.network.raw_http import read_request
from fakes.providers.asking import a_request, collect
from fakes.providers.demo_process import DemoProcess
from fakes.providers.fixtures import Connect, Listen

KEY = "sk-very-secret-0123456789"


def test_no_sdk_is_imported_before_it_is_asked_for() -> None:
    script = """
import asyncio, sys
from chat_stream.providers.registry import ProviderRegistry
from chat_stream.providers.settings import ProviderSettings

def imported():
    return sorted({"openai", "anthropic", "httpx2", "boto3"} & set(sys.modules))

async def main():
    registry = ProviderRegistry(ProviderSettings.from_environ({"OPENAI_API_KEY": "k"}))
    print(imported())
    await registry.adapter("openai")
    print(imported())
    await registry.close()

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "['httpx2', 'openai']"]


def test_the_event_loop_runs_on_while_an_sdk_is_imported() -> None:
    """Measured in a fresh process: no other task waits for the import."""
    script = """
import asyncio, time
from chat_stream.providers.registry import ProviderRegistry
from chat_stream.providers.settings import ProviderSettings

async def main():
    registry = ProviderRegistry(ProviderSettings.from_environ({"ANTHROPIC_API_KEY": "k"}))
    importing = asyncio.create_task(registry.adapter("anthropic"))
    turns = 0
    while not importing.done():
        await asyncio.sleep(0.005)
        turns += 1
    print(turns)
    await registry.close()

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) >= 5


async def test_one_adapter_for_many_requests(connect: Connect, demo: DemoProcess, name: str) -> None:
    registry = connect(demo.address)
    adapters = await asyncio.gather(*(registry.adapter(name) for _ in range(5)))
    assert len(set(map(id, adapters))) == 1


async def test_unknown_provider_and_missing_key() -> None:
    registry = ProviderRegistry(ProviderSettings.from_environ({}))
    for name in ("nobody", "openai"):
        with pytest.raises(ProviderError) as raised:
            await collect(registry, a_request("hello", provider=name))
        assert (raised.value.code, raised.value.retryable) == ("provider_misconfigured", False)


async def test_own_base_url_needs_no_key(connect: Connect, demo: DemoProcess, name: str) -> None:
    """As with Ollama."""
    assert await collect(connect(demo.address), a_request("hello", provider=name))


@pytest.mark.parametrize("key", ["line\nbreak", "späced", "two words"])
def test_keys_that_cannot_stand_in_a_header(key: str) -> None:
    settings = ProviderSettings.from_environ({"OPENAI_API_KEY": key})
    with pytest.raises(SettingsError) as raised:
        settings.api_key("openai", str)
    assert key not in str(raised.value)


def test_spaces_around_a_key_do_not_matter() -> None:
    assert ProviderSettings.from_environ({"XAI_API_KEY": f" {KEY}\n"}).api_key("xai", str) == KEY


def test_no_repr_shows_a_key() -> None:
    settings = ProviderSettings.from_environ({"OPENAI_API_KEY": KEY})
    adapter = PROVIDERS["openai"].make(ProviderAccess("OpenAI", "http://127.0.0.1", KEY))
    shown = (
        repr(settings)
        + str(settings)
        + settings.model_dump_json()
        + repr(ProviderAccess("a", "b", KEY))
        + repr(adapter)
    )
    assert KEY not in shown


async def test_no_log_shows_a_key_or_a_text(
    connect: Connect, demo: DemoProcess, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Also when everything is logged."""
    registry = connect(demo.address, OPENAI_API_KEY=KEY, ANTHROPIC_API_KEY=KEY, XAI_API_KEY=KEY)
    with caplog.at_level(logging.INFO):
        for prompt in ("a-private-prompt", "a-private-prompt [demo:status=500 retry-after=0.01]"):
            await asyncio.gather(collect(registry, a_request(prompt, provider=name)), return_exceptions=True)
    assert caplog.records, "the SDKs log their requests"
    assert KEY not in caplog.text
    assert "a-private-prompt" not in caplog.text


async def test_a_replaced_key_is_used_after_a_refusal(connect: Connect, listen: Listen, name: str) -> None:
    heads: list[str] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await read_request(reader))[0])
        writer.write(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    secrets = iter(["old-key", "new-key"])
    environ = DemoProcess(await listen(handler)).environ | {"PROVIDER_KEYS_SECRET_ARN": "arn:of:the:secret"}
    registry = ProviderRegistry(
        ProviderSettings.from_environ(environ),
        read_secret=lambda _: json.dumps({f"{name.upper()}_API_KEY": next(secrets)}),
    )
    for _ in range(2):
        with pytest.raises(ProviderError):
            await collect(registry, a_request("hello", provider=name))
    assert ["old-key" in head for head in heads] == [True, False]
    assert ["new-key" in head for head in heads] == [False, True]
    await registry.close()


async def test_a_replaced_key_is_used_before_the_old_one_is_refused(
    demo: DemoProcess, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """While the secret cannot be read, the one in use stays."""
    now = ["old-key"]
    readings: list[str] = []

    def read(arn: str) -> str:
        readings.append(arn)
        if not now:
            raise ProviderError("The keys of the models' providers cannot be read at the moment.")
        return json.dumps({f"{name.upper()}_API_KEY": now[0]})

    used: list[str] = []
    settings = ProviderSettings.from_environ(demo.environ | {"PROVIDER_KEYS_SECRET_ARN": "arn:of:the:secret"})
    clock = FakeClock()
    registry = ProviderRegistry(settings, read_secret=read, monotonic=clock.now)
    adapter = await registry.adapter(name)
    monkeypatch.setattr(adapter, "use_key", used.append)
    now[:] = ["new-key"]
    assert await registry.adapter(name) is adapter
    now.clear()
    before = len(readings)
    for _ in range(3):
        assert await registry.adapter(name) is adapter
    assert len(readings) == before + 1, "requests wait for a silent Secrets Manager one after the other"
    assert used == ["new-key"]
    clock.advance(PAUSE_SECONDS)
    now[:] = ["newest-key"]
    assert await registry.adapter(name) is adapter
    assert used == ["new-key", "newest-key"]
    await registry.close()


@pytest.fixture
def secrets_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Secrets Manager on this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    secrets_provider.cache_clear()
    yield
    secrets_provider.cache_clear()
    server.stop()


@pytest.mark.usefixtures("secrets_manager")
async def test_keys_from_secrets_manager(connect: Connect, listen: Listen, name: str, tag: str) -> None:
    heads: list[str] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await read_request(reader))[0])
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    client = boto3.client("secretsmanager")
    secret = client.create_secret(Name=tag, SecretString=json.dumps({f"{name.upper()}_API_KEY": KEY}))
    client.close()
    registry = connect(await listen(handler), PROVIDER_KEYS_SECRET_ARN=secret["ARN"], OPENAI_API_KEY="not-this-one")
    with pytest.raises(ProviderError) as raised:
        await collect(registry, a_request("hello", provider=name))
    assert raised.value.code == "provider_rejected"
    assert KEY in heads[0]


@pytest.mark.usefixtures("secrets_manager")
async def test_key_that_is_rotated_while_the_process_runs(
    connect: Connect, listen: Listen, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The SDK's client sends the new one, though nobody refused the old one."""
    monkeypatch.setattr("chat_stream.providers.secrets.MAX_AGE_SECONDS", 0)
    heads: list[str] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await read_request(reader))[0])
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    with closing(boto3.client("secretsmanager")) as client:
        arn = client.create_secret(Name=new_id(), SecretString=json.dumps({f"{name.upper()}_API_KEY": "old-key"}))[
            "ARN"
        ]
        registry = connect(await listen(handler), PROVIDER_KEYS_SECRET_ARN=arn)
        for key in ("old-key", "new-key"):
            client.put_secret_value(SecretId=arn, SecretString=json.dumps({f"{name.upper()}_API_KEY": key}))
            with pytest.raises(ProviderError):
                await collect(registry, a_request("hello", provider=name))
    assert [[key for key in ("old-key", "new-key") if key in head] for head in heads] == [["old-key"], ["new-key"]]


@pytest.mark.usefixtures("secrets_manager")
async def test_secret_that_cannot_be_read(connect: Connect) -> None:
    registry = connect("http://127.0.0.1:9", PROVIDER_KEYS_SECRET_ARN="arn:aws:secretsmanager:eu-central-1:1:secret:no")
    with pytest.raises(ProviderError) as raised:
        await collect(registry, a_request("hello"))
    assert (raised.value.code, raised.value.retryable) == ("provider_unavailable", True)


@pytest.mark.parametrize("text", ["no json", "[]", '{"OPENAI_API_KEY": 5}'])
async def test_secret_of_another_shape(text: str) -> None:
    settings = ProviderSettings.from_environ({"PROVIDER_KEYS_SECRET_ARN": "arn:of:the:secret"})
    with pytest.raises(ProviderError) as raised:
        await collect(ProviderRegistry(settings, read_secret=lambda _: text), a_request("hello"))
    assert raised.value.code == "provider_misconfigured"
