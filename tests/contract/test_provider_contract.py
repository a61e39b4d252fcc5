"""What every `ChatProvider` does: the real adapters, at the demo provider, and the scripted one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from chat.errors import ProviderError
from chat.messages import Usage
from chat_stream.providers.errors import provider_error
from chat_stream.providers.port import ChatProvider, ChatRequest, Finish
from chat_stream.providers.registry import ProviderRegistry
from chat_stream.providers.settings import ProviderSettings
from fakes.providers.asking import a_request, collect
from fakes.providers.demo_process import DemoProcess, demo_process
from fakes.providers.scripted import Pause, ScriptedProvider, Step

TOKENS = 6
SCRIPT = [f"token {number}, " for number in range(TOKENS)]


@dataclass(frozen=True, slots=True)
class Subject:
    """A provider, made to behave in a certain way. `make` is given the demo provider's directives, and the script."""

    make: Callable[[str, list[Step]], tuple[ChatProvider, ChatRequest]]


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with demo_process() as process:
        yield process


@pytest_asyncio.fixture(params=["scripted", "openai", "anthropic", "xai"])
async def subject(request: pytest.FixtureRequest, demo: DemoProcess) -> AsyncIterator[Subject]:
    if request.param == "scripted":
        yield Subject(lambda _, script: (ScriptedProvider(script), a_request("hello")))
        return
    registry = ProviderRegistry(ProviderSettings.from_environ(demo.environ))
    yield Subject(
        lambda directives, _: (
            registry,
            a_request(f"[demo:tokens={TOKENS} rate=0 {directives}]", provider=request.param),
        )
    )
    await registry.close()


async def test_deltas_then_exactly_one_finish(subject: Subject) -> None:
    items = await collect(*subject.make("", [*SCRIPT, Finish("stop", Usage(3, TOKENS))]))
    assert all(isinstance(item, str) and item for item in items[:-1])
    assert len(items) == TOKENS + 1
    finish = items[-1]
    assert isinstance(finish, Finish)
    assert finish.reason == "stop"
    assert finish.usage is not None
    assert finish.usage.output_tokens == TOKENS


async def test_failure_on_opening_is_a_provider_error(subject: Subject) -> None:
    with pytest.raises(ProviderError) as raised:
        await collect(*subject.make("status=401", [provider_error("It", "provider_misconfigured")]))
    assert (raised.value.code, raised.value.retryable) == ("provider_misconfigured", False)


async def test_failure_while_iterating_is_a_provider_error(subject: Subject) -> None:
    items: list[str | Finish] = []
    script: list[Step] = [*SCRIPT[:2], provider_error("It", "provider_interrupted")]
    with pytest.raises(ProviderError) as raised:
        await collect(*subject.make("die-after=2", script), items)
    assert (raised.value.code, raised.value.retryable) == ("provider_interrupted", True)
    assert len(items) == 2


async def test_leaving_early_is_quiet(subject: Subject) -> None:
    provider, request = subject.make("stall-after=2", [*SCRIPT[:2], Pause()])
    async with provider.stream(request) as answer:
        assert await anext(answer)


async def test_waiting_can_be_cancelled(subject: Subject) -> None:
    items: list[str | Finish] = []
    task = asyncio.create_task(collect(*subject.make("stall-after=2", [*SCRIPT[:2], Pause()]), items))
    async with asyncio.timeout(10):
        while len(items) < 2:
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_several_answers_at_once(subject: Subject) -> None:
    provider, request = subject.make("", list(SCRIPT))
    answers = await asyncio.gather(*(collect(provider, request) for _ in range(5)))
    assert [len(items) for items in answers] == [TOKENS + 1] * 5
