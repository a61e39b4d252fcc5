"""The port to model providers."""

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
    """A request to a model: the conversation, oldest turn first. The last turn is the prompt.

    `temperature` (0 to 2) is sent only to models that take sampling parameters.
    """

    model: Model
    turns: tuple[Turn, ...]
    system: str | None
    temperature: float | None


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of an answer: its reason (`stop`, `length`, `content_filter` or `other`), and its usage if reported."""

    reason: str
    usage: Usage | None
    cached: bool = False
    """The provider was not called: the answer and its usage come from an identical earlier or concurrent request."""


type Piece = str | Usage | Finish
"""A piece of an answer: a text delta, the usage so far, or the end.

A text delta is never empty and can always be encoded as UTF-8. The usage comes before the end only if the provider
reports it early.
"""


class ChatProvider(Protocol):
    """Streams answers from a provider's models."""

    def stream(self, request: ChatRequest) -> AbstractAsyncContextManager[AsyncIterator[Piece]]:
        """The pieces of the answer. Exactly one, the last, is a `Finish`.

        Leaving the context closes the response.

        Raises:
            ProviderError: the provider failed, on entering the context or while iterating.
        """
