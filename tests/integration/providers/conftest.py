"""The real SDKs, over real sockets."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from chat_stream.providers.registry import ProviderRegistry
from chat_stream.providers.settings import ProviderSettings
from fakes.providers.demo_process import DemoProcess, demo_process
from fakes.providers.fixtures import Connect, Handler, Listen


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoProcess]:
    with demo_process() as process:
        yield process


@pytest.fixture(params=["openai", "anthropic", "xai"])
def name(request: pytest.FixtureRequest) -> str:
    """Each provider."""
    return str(request.param)


@pytest.fixture
def tag() -> str:
    """Marks a test's own prompts."""
    return f"tag-{uuid.uuid4().hex}"


@pytest_asyncio.fixture
async def connect(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """Makes a registry whose providers are all at one address."""
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    registries: list[ProviderRegistry] = []

    def make(address: str, **environ: str) -> ProviderRegistry:
        settings = ProviderSettings.from_environ(DemoProcess(address).environ | environ)
        registries.append(ProviderRegistry(settings))
        return registries[-1]

    yield make
    for registry in registries:
        await registry.close()


@pytest_asyncio.fixture
async def provider(demo: DemoProcess, connect: Connect) -> ProviderRegistry:
    """All providers, at the demo provider."""
    return connect(demo.address)


@pytest_asyncio.fixture
async def listen() -> AsyncIterator[Listen]:
    """Starts a server that sends scripted bytes. Returns its address."""
    servers: list[asyncio.Server] = []

    async def start(handler: Handler) -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await handler(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()
        server.close_clients()
        await server.wait_closed()
