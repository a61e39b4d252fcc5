"""The port to the providers of models."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from chat.catalog import Model
from chat.messages import Role, Usage


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a model is asked: the conversation, oldest turn first, the last one the prompt.

    `temperature` (0 to 2) is sent only to models that take sampling parameters.
    """

    model: Model
    turns: tuple[Turn, ...]
    system: str | None
    temperature: float | None


@dataclass(frozen=True, slots=True)
class Finish:
    """How an answer ended: `stop`, `length`, `content_filter` or `other`; and what it cost, if the provider says so."""

    reason: str
    usage: Usage | None
    cached: bool = False
    """The provider was not asked: the answer, and its usage, are those of an earlier or a simultaneous question."""


type Piece = str | Usage | Finish
"""Of an answer: a text delta (never empty, always encodable as UTF-8); the tokens so far, where the provider tells them
before the end; or the end."""


class ChatProvider(Protocol):
    """Asks a provider's model."""

    def stream(self, request: ChatRequest) -> AbstractAsyncContextManager[AsyncIterator[Piece]]:
        """The answer's pieces. The last one, and only that, is a `Finish`.

        Leaving the context closes the provider's connection.

        Raises:
            ProviderError: on entering the context, and while iterating.
        """
