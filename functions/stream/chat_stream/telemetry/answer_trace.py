"""Where an answer came from, and the provider's failures on the way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from chat.errors import ProviderError
from chat_stream.providers.port import ChatProvider, ChatRequest, Piece
from chat_stream.providers.retries import Retries, counted_in


class AnsweredFrom(StrEnum):
    """Where an answer came from, or was asked for last."""

    PROVIDER = "provider"
    CACHE = "cache"
    FLIGHT = "flight"
    """Another session's, with the same question at the same time."""
    COMMAND = "command"


@dataclass(slots=True)
class AnswerTrace:
    """Counts for one generation, filled in by the code that produces it."""

    looked_into_cache: bool = False
    answered_from: AnsweredFrom | None = None
    provider_errors: int = 0
    retries: Retries = field(default_factory=Retries)

    @asynccontextmanager
    async def ask(self, provider: ChatProvider, request: ChatRequest) -> AsyncIterator[AsyncIterator[Piece]]:
        """`provider.stream`, noted down. To be read by one task."""
        self.answered_from = AnsweredFrom.PROVIDER
        try:
            with counted_in(self.retries):
                async with provider.stream(request) as pieces:
                    yield pieces
        except ProviderError:
            self.provider_errors += 1
            raise
