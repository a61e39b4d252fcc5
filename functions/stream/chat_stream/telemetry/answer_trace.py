"""Records an answer's source, and the provider's failures and retries on the way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from chat.errors import ProviderError
from chat_stream.providers.port import ChatProvider, ChatRequest, Piece
from chat_stream.providers.retries import Retries, counted_in


class AnsweredFrom(StrEnum):
    """The source of an answer, or the last source tried."""

    PROVIDER = "provider"
    CACHE = "cache"
    FLIGHT = "flight"
    """The call in flight of another session with an identical request."""
    COMMAND = "command"


@dataclass(slots=True)
class AnswerTrace:
    """The source and the provider errors of one generation, filled in while it runs."""

    looked_into_cache: bool = False
    answered_from: AnsweredFrom | None = None
    provider_errors: int = 0
    retries: Retries = field(default_factory=Retries)

    @asynccontextmanager
    async def ask(self, provider: ChatProvider, request: ChatRequest) -> AsyncIterator[AsyncIterator[Piece]]:
        """Calls `provider.stream` and counts its errors and retries. Only one task may read the pieces."""
        self.answered_from = AnsweredFrom.PROVIDER
        try:
            with counted_in(self.retries):
                async with provider.stream(request) as pieces:
                    yield pieces
        except ProviderError:
            self.provider_errors += 1
            raise
