"""Maps each model to its provider's adapter, and imports the provider's SDK on first use: an import takes up to 1 s.

To add a provider, write an adapter module and add an entry to `PROVIDERS`. A provider with a Chat Completions API needs
only the entry. Its settings are `<NAME>_API_KEY` and `<NAME>_BASE_URL`.
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
"""A placeholder for servers that need no key (Ollama, vLLM), because the SDKs require one."""

PAUSE_SECONDS = 30.0
"""The pause after a failed read of the keys: a request waits seconds if Secrets Manager does not answer."""


class Adapter(Protocol):
    """A `ChatProvider` that holds connections and can change its key."""

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
    """One provider. `label` is its display name. `make` imports the SDK and builds the adapter, in a thread."""

    label: str
    base_url: str
    make: Callable[[ProviderAccess], Adapter]


PROVIDERS: Mapping[str, ProviderEntry] = {
    "openai": ProviderEntry("OpenAI", "https://api.openai.com/v1", _openai),
    "xai": ProviderEntry("xAI", "https://api.x.ai/v1", _openai),
    "anthropic": ProviderEntry("Anthropic", "https://api.anthropic.com", _anthropic),
}


class ProviderRegistry:
    """A `ChatProvider` for all models. It keeps one adapter for each provider and event loop."""

    def __init__(
        self,
        settings: ProviderSettings,
        *,
        providers: Mapping[str, ProviderEntry] = PROVIDERS,
        read_secret: Callable[[str], str] = read_secret,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`read_secret` returns the text of the secret with the given ARN. It may block.

        Raises:
            SettingsError: the base URL of one of `providers` is unusable. Unlike a key in a secret, a variable cannot
                change while the process runs, so a bad one fails the deployment immediately.
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
        """The provider's adapter, created on first use. With keys in a secret, renews the key of an existing adapter.

        Raises:
            ProviderError: `provider_misconfigured`, if there is no such provider or no usable key, or
                `provider_unavailable`, if Secrets Manager does not answer.
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
        """Reads the key again. If that fails, keeps the key in use, unless the provider has refused it.

        Raises:
            ProviderError: as `adapter`, only if the provider has refused the key in use.
        """
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
        except Exception as error:  # e.g. an unusable proxy or certificate file; the type varies
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
    """The adapters of one event loop."""

    def __init__(self) -> None:
        self.made: dict[str, Adapter] = {}
        self.locks: dict[str, asyncio.Lock] = {}
        self.refused: set[str] = set()
        """Providers that refused the key in use."""
        self.paused_until: dict[str, float] = {}
