"""What the providers are sent."""

import asyncio

import pytest

from chat.errors import ProviderError
from chat.messages import Role
from chat_stream.providers.port import ChatProvider, ChatRequest, Turn
from fakes.network.raw_http import read_request
from fakes.providers.asking import a_model, a_request, collect, text_of
from fakes.providers.demo_process import DemoProcess
from fakes.providers.fixtures import Connect, Listen


async def test_conversation_in_openais_words(provider: ChatProvider, demo: DemoProcess, tag: str) -> None:
    request = a_request("Hi", "Hello!", tag, system="Be brief.", temperature=0.7)
    await collect(provider, request)
    assert demo.requests(tag)[0]["path"] == "/v1/chat/completions"
    assert demo.requests(tag)[0]["body"] == {
        "model": "openai-model-of-that-name",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello!"},
            {"role": "user", "content": tag},
        ],
        "max_completion_tokens": 1_000_000,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.7,
    }


async def test_conversation_in_anthropics_words(provider: ChatProvider, demo: DemoProcess, tag: str) -> None:
    request = a_request("Hi", "Hello!", tag, provider="anthropic", system="Be brief.", temperature=0.7)
    await collect(provider, request)
    assert demo.requests(tag)[0]["path"] == "/v1/messages"
    assert demo.requests(tag)[0]["body"] == {
        "model": "anthropic-model-of-that-name",
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello!"},
            {"role": "user", "content": tag},
        ],
        "max_tokens": 1_000_000,
        "stream": True,
        "temperature": 0.7,
    }


async def test_the_model_is_given_the_conversation(provider: ChatProvider, name: str) -> None:
    items = await collect(provider, a_request("What is SSE?", "Events.", "And in Python?", provider=name))
    assert text_of(items).startswith("Earlier you asked: “What is SSE?”. Now to “And in Python?”.")


async def test_anthropics_turns_alternate_and_begin_with_the_user(
    provider: ChatProvider, demo: DemoProcess, tag: str
) -> None:
    """A history may begin in the middle, hold two prompts in a row (the first one failed), and empty answers."""
    turns = (
        Turn(Role.ASSISTANT, "cut off"),
        Turn(Role.USER, "one"),
        Turn(Role.USER, "two"),
        Turn(Role.ASSISTANT, "three"),
        Turn(Role.USER, "four"),
        Turn(Role.ASSISTANT, " \n"),
        Turn(Role.USER, tag),
    )
    await collect(provider, ChatRequest(a_model("anthropic"), turns, None, None))
    assert demo.requests(tag)[0]["body"]["messages"] == [
        {"role": "user", "content": "one\n\ntwo"},
        {"role": "assistant", "content": "three"},
        {"role": "user", "content": f"four\n\n{tag}"},
    ]


async def test_no_sampling_parameters_for_models_that_refuse_them(
    provider: ChatProvider, demo: DemoProcess, name: str, tag: str
) -> None:
    model = a_model(name, sampling=False)
    await collect(provider, a_request(tag, model=model, temperature=0.7))
    assert "temperature" not in demo.requests(tag)[0]["body"]


async def test_no_system_prompt_and_no_temperature(
    provider: ChatProvider, demo: DemoProcess, name: str, tag: str
) -> None:
    await collect(provider, a_request(tag, provider=name))
    body = demo.requests(tag)[0]["body"]
    assert not {"system", "temperature"} & set(body)
    assert [message["role"] for message in body["messages"]] == ["user"]


async def test_anthropics_temperature_ends_at_one(provider: ChatProvider, demo: DemoProcess, tag: str) -> None:
    await collect(provider, a_request(tag, provider="anthropic", temperature=1.6))
    assert demo.requests(tag)[0]["body"]["temperature"] == 1.0


async def test_unicode_arrives_unharmed(provider: ChatProvider, demo: DemoProcess, name: str, tag: str) -> None:
    prompt = f'{tag} Zażółć gęślą jaźń 😀 \u2028 \\ " \t'
    await collect(provider, a_request(prompt, provider=name))
    assert demo.requests(tag)[0]["body"]["messages"][0]["content"] == prompt


async def test_each_provider_gets_its_own_key(
    connect: Connect, listen: Listen, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the SDK would find another one in the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "wrong")
    heads: list[str] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await read_request(reader))[0])
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

    keys = {"OPENAI_API_KEY": "key-openai", "ANTHROPIC_API_KEY": "key-anthropic", "XAI_API_KEY": "key-xai"}
    with pytest.raises(ProviderError):
        await collect(connect(await listen(handler), **keys), a_request("hello", provider=name))
    assert f"key-{name}\r\n" in heads[0]
    assert "wrong" not in heads[0]
