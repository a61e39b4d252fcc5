"""Where an answer's text comes from: a provider, or a slash command."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from chat_stream.providers.port import Finish

type Source = AbstractAsyncContextManager[AsyncIterator[str | Finish]]
"""Text pieces, none empty, then one `Finish`; leaving it closes what it holds. Raises `chat.errors.ProviderError`."""
