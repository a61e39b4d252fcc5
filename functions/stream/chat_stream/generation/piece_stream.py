"""The source of an answer's text: a provider or a slash command."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from chat_stream.providers.port import Piece

type PieceStream = AbstractAsyncContextManager[AsyncIterator[Piece]]
"""Yields pieces, the last of which is a `Finish`. Leaving the context closes the source.

Raises:
    chat.errors.ProviderError: the provider failed.
    chat.errors.GenerationError: `interrupted`, if the session shares an answer whose producer died.
    chat.errors.StorageError: a slash command could not read the chat.
    chat.sessions.LeaseLostError: the lease had lapsed before the provider was called.
"""
