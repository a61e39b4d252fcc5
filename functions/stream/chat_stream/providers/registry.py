"""Finds a model's provider, and imports its SDK when it is first asked for: that takes up to a second.

A new provider is a module with its adapter and a line in `PROVIDERS`; one that speaks OpenAI's chat completions needs
the line only. Its settings are `<NAME>_API_KEY` and `<NAME>_BASE_URL`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakKeyDictionary

from chat.errors import ProviderError
from chat.settings import SettingsError
from chat_stream.providers.errors import log_failure, provider_error
from chat_stream.providers.port import ChatRequest, Piece
from chat_stream.providers.secrets import read_secret
from chat_stream.providers.settings import ProviderAccess, ProviderSettings

_NO_KEY = "none"
"""Stands in where an own base URL needs no key (Ollama, vLLM); the SDKs insist on one."""

PAUSE_SECONDS = 30.0
"""After a reading of the keys that failed: a request waits seconds for a Secrets Manager that does not answer."""


class Adapter(Protocol):
    """A `ChatProvider` with connections."""

    def stream(self, request: ChatRequest) -> AbstractAsyncContextManager[AsyncIterator[Piece]]: ...

    def use_key(self, api_key: str) -> None: ...

    async def close(self) -> None: ...


def _openai(access: ProviderAccess) -> Adapter:
    from chat_stream.providers.openai import OpenAIProvider

    return OpenAIProvider(access)


def _anthropic(access: ProviderAccess) -> Adapter:
    from chat_stream.providers.anthropic import AnthropicProvider

    return AnthropicProvider(access)


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """`label` is the name that people read. `make` imports the SDK; it runs in a thread."""

    label: str
    base_url: str
    make: Callable[[ProviderAccess], Adapter]


PROVIDERS: Mapping[str, ProviderEntry] = {
    "openai": ProviderEntry("OpenAI", "https://api.openai.com/v1", _openai),
    "xai": ProviderEntry("xAI", "https://api.x.ai/v1", _openai),
    "anthropic": ProviderEntry("Anthropic", "https://api.anthropic.com", _anthropic),
}


class ProviderRegistry:
    """The `ChatProvider` for all models: each goes to its provider's adapter, one for each provider and event loop."""

    def __init__(
        self,
        settings: ProviderSettings,
        *,
        providers: Mapping[str, ProviderEntry] = PROVIDERS,
        read_secret: Callable[[str], str] = read_secret,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`read_secret` gives the text of the secret with that ARN; it may block.

        Raises:
            SettingsError: the address of one of `providers` is unusable. A variable cannot change while the process
                runs, unlike a key in a secret: so a deployment with a wrong one fails as a whole, and at once.
        """
        self._settings = settings
        self._providers = providers
        self._urls = settings.base_urls_of(providers)
        self._read_secret = read_secret
        self._monotonic = monotonic
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Adapters] = WeakKeyDictionary()

    @asynccontextmanager
    async def stream(self, request: ChatRequest) -> AsyncIterator[AsyncIterator[Piece]]:
        adapter = await self.adapter(request.model.provider)
        try:
            async with adapter.stream(request) as answer:
                yield answer
        except ProviderError as error:
            if error.code == "provider_misconfigured":
                self._here().refused.add(request.model.provider)
            raise

    async def adapter(self, name: str) -> Adapter:
        """The provider's adapter. Asked for ahead of time, the SDK is imported while other work is done.

        Raises:
            ProviderError: `provider_misconfigured`: no such provider, or no usable key.
        """
        adapters = self._here()
        async with adapters.locks.setdefault(name, asyncio.Lock()):
            if name not in adapters.made:
                adapters.made[name] = await asyncio.to_thread(self._make, name)
            elif self._settings.provider_keys_secret_arn is not None:  # the key may have been replaced since
                await self._renew_key(name)
            adapters.refused.discard(name)
            return adapters.made[name]

    async def _renew_key(self, name: str) -> None:
        """While the secret cannot be read, or has no such key, the one in use stays, unless the provider refused it."""
        adapters = self._here()
        if name not in adapters.refused and self._monotonic() < adapters.paused_until.get(name, 0):
            return
        try:
            access = await asyncio.to_thread(self._access, name)
        except ProviderError:
            adapters.paused_until[name] = self._monotonic() + PAUSE_SECONDS
            if name in adapters.refused:
                raise
        else:
            adapters.made[name].use_key(access.api_key)

    async def close(self) -> None:
        """Closes the connections of this event loop's adapters."""
        adapters = self._loops.pop(asyncio.get_running_loop(), _Adapters())
        for adapter in adapters.made.values():
            await adapter.close()

    def _here(self) -> "_Adapters":
        return self._loops.setdefault(asyncio.get_running_loop(), _Adapters())

    def _make(self, name: str) -> Adapter:
        access = self._access(name)
        try:
            return self._providers[name].make(access)
        except Exception as error:  # an unusable proxy or certificate file, in whatever way the HTTP client puts it
            raise _misconfigured(access.label, "client", error) from error

    def _access(self, name: str) -> ProviderAccess:
        entry = self._providers.get(name)
        if entry is None:
            raise _misconfigured(name, "unknown provider")
        try:
            key = self._settings.api_key(name, self._read_secret)
        except SettingsError as error:
            raise _misconfigured(entry.label, "key", error) from error
        own_url = self._urls.get(name)
        if key is None and own_url is None:
            raise _misconfigured(entry.label, "no key")
        return ProviderAccess(entry.label, own_url or entry.base_url, key or _NO_KEY, self._settings.timing)


def _misconfigured(label: str, reason: str, error: Exception | None = None) -> ProviderError:
    log_failure(label, "provider_misconfigured", error, reason=reason)
    return provider_error(label, "provider_misconfigured")


class _Adapters:
    """One event loop's."""

    def __init__(self) -> None:
        self.made: dict[str, Adapter] = {}
        self.locks: dict[str, asyncio.Lock] = {}
        self.refused: set[str] = set()
        """Providers that refused the key they got."""
        self.paused_until: dict[str, float] = {}
