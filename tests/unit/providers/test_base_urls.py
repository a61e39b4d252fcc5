"""Addresses of providers: what no request can be sent to is found when the function starts."""

import asyncio

import httpx2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chat.settings import SettingsError
from chat_stream.app import create_app
from chat_stream.composition import compose
from chat_stream.providers.base_urls import checked_base_url
from chat_stream.providers.registry import PROVIDERS, ProviderRegistry
from chat_stream.providers.settings import ProviderSettings
from fakes.functions.stream_world import REQUIRED

USABLE = [
    "http://127.0.0.1:11434/v1",
    "https://api.openai.com/v1",
    "https://api.openai.com",
    "HTTPS://Example.com/v1/",
    "http://localhost:8000",
    "http://ollama_1:11434/v1",
    "http://[::1]:8000/v1",
    "https://user:word@proxy.example/v1",
    "https://xn--bcher-kva.example/v1",
    "https://example.com./v1",
    "https://host/a%20path",
    " https://host/v1\n",
]
UNUSABLE = [
    "foo",
    "api.openai.com/v1",
    "127.0.0.1:11434",
    "localhost:11434/v1",
    "//host/v1",
    "http:/host/v1",
    "http:host",
    "http://",
    "https:///v1",
    "http://:8000/v1",
    "ftp://host/v1",
    "file:///etc/passwd",
    "ws://host",
    "unix:/run/ollama.sock",
    "http+unix://socket/v1",
    "http://host:port/v1",
    "http://host:99999/v1",
    "http://host:-1/v1",
    "http://host:0/v1",
    "http://[::1/v1",
    "http://[host]/v1",
    "http://ho st/v1",
    "http://host/v 1",
    "http://host\n.example/v1",
    "http://bücher.example/v1",
    "http://-host/v1",
    "http://ho*st/v1",
    "http://host/v1?key=secret",
    "http://host/v1#part",
    '"http://host/v1"',
    "{}",
]


@pytest.mark.parametrize("url", USABLE)
def test_usable_address_is_taken(url: str) -> None:
    settings = ProviderSettings.from_environ({"OPENAI_BASE_URL": url})
    assert settings.base_urls_of(["openai", "xai"]) == {"openai": url.strip()}


@pytest.mark.parametrize("url", UNUSABLE)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_unusable_address_ends_the_start(provider: str, url: str) -> None:
    """The message names the variable, and shows nothing of its value."""
    variable = f"{provider.upper()}_BASE_URL"
    with pytest.raises(SettingsError, match=variable) as raised:
        ProviderRegistry(ProviderSettings.from_environ({variable: url}))
    assert url not in str(raised.value)
    assert "secret" not in str(raised.value)


def test_every_unusable_address_is_named() -> None:
    with pytest.raises(SettingsError, match=r"OPENAI_BASE_URL: must .*; ANTHROPIC_BASE_URL: must"):
        ProviderRegistry(ProviderSettings.from_environ({"OPENAI_BASE_URL": "foo", "ANTHROPIC_BASE_URL": "foo"}))


@pytest.mark.parametrize("variable", ["WEBSITE_BASE_URL", "_BASE_URL", "NOBODY_BASE_URL"])
def test_variables_of_others_do_not_matter(variable: str) -> None:
    ProviderRegistry(ProviderSettings.from_environ({variable: "foo"}))


def test_empty_variable_counts_as_absent() -> None:
    settings = ProviderSettings.from_environ({"OPENAI_BASE_URL": ""})
    assert settings.base_urls_of(["openai"]) == {}


async def test_function_does_not_start_with_an_unusable_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    environ = {**REQUIRED, "OPENAI_BASE_URL": "a-private-host/v1"}
    app = create_app(lambda: compose(environ))
    sent: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    received: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    received.put_nowait({"type": "lifespan.startup"})
    with pytest.raises(SettingsError):
        await app({"type": "lifespan", "state": {}}, received.get, sent.put)  # type: ignore[arg-type]
    message = await sent.get()
    assert message["type"] == "lifespan.startup.failed"
    assert "OPENAI_BASE_URL: must begin with http:// or https://" in message["message"]
    assert "a-private-host" not in message["message"]


_PARTS = st.sampled_from(
    ["http", "https", "://", ":", "/", "//", "host", "[::1]", "[", "]", "@", ".", "-", "%", "80", "0"]
)


@settings(deadline=None)
@given(st.lists(_PARTS | st.text(max_size=3), max_size=9).map("".join))
@example("http://[v1.a]/")
@example("http://a..b/")
@example("http://1.2.3.4.5/")
@example("http://" + "a" * 70 + ".b/")
@example("http://host%25/")
def test_address_that_is_taken_can_be_asked(url: str) -> None:
    """What the settings let pass, the SDKs' HTTP client can make a request of."""
    try:
        url = checked_base_url("OPENAI_BASE_URL", url)
    except SettingsError:
        return
    request = httpx2.Request("POST", httpx2.URL(url).join("chat"))
    assert request.url.host
    assert request.url.scheme in {"http", "https"}
