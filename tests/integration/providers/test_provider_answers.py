"""What a provider's adapter makes of a good answer."""

import pytest

from chat.errors import ProviderError
from chat.messages import Usage
from chat_stream.providers.port import ChatProvider, Finish
from fakes.providers.asking import a_model, a_request, collect, text_of
from fakes.providers.demo_process import DemoProcess


async def test_answer_arrives_as_deltas_then_one_finish(provider: ChatProvider, name: str) -> None:
    items = await collect(provider, a_request("What is artificial intelligence?", provider=name))
    assert text_of(items).startswith("**Artificial intelligence** is the craft")
    assert len(items) > 100
    assert all(isinstance(item, str) and item for item in items[:-1])
    finish = items[-1]
    assert isinstance(finish, Finish)
    assert finish.reason == "stop"


async def test_usage_is_what_the_provider_reports(provider: ChatProvider, name: str) -> None:
    items = await collect(provider, a_request("one [demo:tokens=7]", provider=name, system="four tokens it isis"))
    # As the demo provider counts: pieces of at most six characters.
    assert items[-1] == Finish("stop", Usage(input_tokens=8, output_tokens=7))


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
async def test_finish_reasons(provider: ChatProvider, name: str, reason: str) -> None:
    items = await collect(provider, a_request(f"[demo:finish={reason}]", provider=name))
    assert isinstance(items[-1], Finish)
    assert items[-1].reason == reason


async def test_unknown_finish_reason_is_other(provider: ChatProvider, name: str) -> None:
    items = await collect(provider, a_request("[demo:finish=tool_use]", provider=name))
    assert isinstance(items[-1], Finish)
    assert items[-1].reason == "other"


async def test_models_output_limit_is_kept(provider: ChatProvider, name: str) -> None:
    items = await collect(provider, a_request("[demo:tokens=9]", model=a_model(name, max_output_tokens=5)))
    assert len(items) == 6
    assert isinstance(items[-1], Finish)
    assert items[-1].reason == "length"


async def test_surrogate_pairs_split_over_events_are_joined(provider: ChatProvider, name: str) -> None:
    items = await collect(provider, a_request("[demo:surrogates]", provider=name))
    assert text_of(items).endswith("\N{GRINNING FACE}")
    assert all(item for item in items)
    text_of(items).encode()


async def test_connection_is_used_again(provider: ChatProvider, demo: DemoProcess, name: str, tag: str) -> None:
    """A second answer needs no second handshake, so the first one's stream was read to its end."""
    for _ in range(2):
        await collect(provider, a_request(f"{tag} [demo:tokens=3]", provider=name))
    first, second = demo.requests(tag)
    assert first["client"] == second["client"]


async def test_answer_without_text_is_an_error(provider: ChatProvider, name: str) -> None:
    with pytest.raises(ProviderError) as raised:
        await collect(provider, a_request("[demo:empty]", provider=name))
    assert (raised.value.code, raised.value.retryable) == ("provider_empty", True)


async def test_refusal_without_text_is_not_worth_a_retry(provider: ChatProvider, name: str) -> None:
    with pytest.raises(ProviderError) as raised:
        await collect(provider, a_request("[demo:empty finish=content_filter]", provider=name))
    assert (raised.value.code, raised.value.retryable) == ("provider_empty", False)


async def test_anthropic_reports_input_tokens_before_the_text(provider: ChatProvider, name: str) -> None:
    """An answer stopped in the middle then has its usage, too."""
    if name != "anthropic":
        return
    async with provider.stream(a_request("[demo:tokens=100000 rate=200]", provider=name)) as answer:
        first = await anext(answer)

    assert isinstance(first, Usage)
    assert first.input_tokens > 0
