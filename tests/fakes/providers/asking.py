"""Asks a `ChatProvider`."""

import datetime as dt
from collections.abc import Sequence

from chat.catalog import Model
from chat.messages import Role, Usage
from chat.users import Tier
from chat_stream.providers.port import ChatProvider, ChatRequest, Finish, Turn


def a_model(provider: str = "openai", *, sampling: bool = True, max_output_tokens: int = 1_000_000) -> Model:
    return Model(
        id=f"{provider}-model",
        provider=provider,
        provider_model=f"{provider}-model-of-that-name",
        tier=Tier.BASIC,
        context_window=2_000_000,
        max_output_tokens=max_output_tokens,
        input_price=1.0,
        output_price=2.0,
        price_date=dt.date(2026, 11, 1),
        sampling=sampling,
    )


def a_request(
    *texts: str,
    provider: str = "openai",
    model: Model | None = None,
    system: str | None = None,
    temperature: float | None = None,
) -> ChatRequest:
    """A conversation in which the user and the assistant take turns; the user's is the last."""
    roles = (Role.USER, Role.ASSISTANT)
    turns = tuple(Turn(roles[number % 2], text) for number, text in enumerate(texts))
    return ChatRequest(model or a_model(provider), turns, system, temperature)


async def collect(
    provider: ChatProvider, request: ChatRequest, into: list[str | Finish] | None = None
) -> list[str | Finish]:
    """The deltas and the finish of an answer; in `into`, also those before a failure."""
    items: list[str | Finish] = [] if into is None else into
    async with provider.stream(request) as answer:
        async for item in answer:
            if not isinstance(item, Usage):
                items.append(item)  # noqa: PERF401  # kept when iterating fails
    return items


def text_of(items: Sequence[str | Finish]) -> str:
    return "".join(item for item in items if isinstance(item, str))
