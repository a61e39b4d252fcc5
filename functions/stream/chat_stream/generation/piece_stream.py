"""Where an answer's text comes from: a provider, or a slash command."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from chat_stream.providers.port import Piece

type PieceStream = AbstractAsyncContextManager[AsyncIterator[Piece]]
"""Pieces, the last one a `Finish`; leaving it closes what it holds. Raises `chat.errors.ProviderError`."""
