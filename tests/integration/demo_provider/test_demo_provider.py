"""The demo provider as its users see it, with curl's eyes."""

import json
import time
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fakes.providers.demo_process import DemoProcess, demo_process


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with demo_process(tokens_per_second=100) as process:
        yield process


def _ask(demo: DemoProcess, path: str, *prompts: str, **more: object) -> httpx.Response:
    messages = [{"role": "user", "content": prompt} for prompt in prompts]
    body = {"model": "m", "max_tokens": 10_000, "messages": messages, **more}
    return httpx.post(demo.address + path, json=body, trust_env=False, timeout=30)


def _openai_text(demo: DemoProcess, *prompts: str) -> str:
    answer: dict[str, Any] = _ask(demo, "/v1/chat/completions", *prompts).raise_for_status().json()
    text: str = answer["choices"][0]["message"]["content"]
    return text


def test_answers_are_deterministic_and_fit_the_prompt(demo: DemoProcess) -> None:
    text = _openai_text(demo, "Show me some Python code")
    assert "```python" in text
    assert text == _openai_text(demo, "Show me some Python code")
    assert text != _openai_text(demo, "Make a list of steps")


def test_answers_mention_what_came_before(demo: DemoProcess) -> None:
    assert "Earlier" not in _openai_text(demo, "First?")
    assert "Earlier you asked: “First?”" in _openai_text(demo, "First? [demo:rate=0]", "Second?")


def test_both_formats_say_the_same(demo: DemoProcess) -> None:
    answer = _ask(demo, "/v1/messages", "What is AI?").raise_for_status().json()
    assert answer["content"] == [{"type": "text", "text": _openai_text(demo, "What is AI?")}]


def test_streamed_answer_is_the_whole_one(demo: DemoProcess) -> None:
    streamed = _ask(demo, "/v1/chat/completions", "What is AI? [demo:rate=0]", stream=True)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    *events, done = [line.removeprefix("data: ") for line in streamed.text.splitlines() if line]
    assert done == "[DONE]"
    deltas = [json.loads(event)["choices"][0]["delta"].get("content", "") for event in events]
    assert "".join(deltas) == _openai_text(demo, "What is AI? [demo:rate=0]")


def test_long_tokens_cannot_be_compressed(demo: DemoProcess) -> None:
    text = _openai_text(demo, "[demo:tokens=20 token-chars=600]")
    assert len(text) == 20 * 600
    assert len(zlib.compress(text.encode())) > 0.7 * len(text)  # letters and digits have 6 bits of 8
    assert text == _openai_text(demo, "[demo:tokens=20 token-chars=600]")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_tokens_come_at_the_set_pace(demo: DemoProcess, path: str) -> None:
    """Thirty tokens, the first at once, a hundred a second."""
    begun = time.monotonic()
    _ask(demo, path, "[demo:tokens=30]", stream=True)
    assert time.monotonic() - begun >= 0.29


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize("body", [b"no json", b"[]", b"{}", b'{"messages": []}', b'{"messages": 5, "max_tokens": 1}'])
def test_bad_requests_get_the_providers_error(demo: DemoProcess, path: str, body: bytes) -> None:
    answer = httpx.post(demo.address + path, content=body, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_directive_that_is_no_number_is_a_bad_request(demo: DemoProcess) -> None:
    assert _ask(demo, "/v1/messages", "[demo:tokens=many]").status_code == 400


@pytest.mark.perf
def test_quick_enough_for_measuring(demo: DemoProcess) -> None:
    """Thousands of tokens a second, also on a busy machine."""
    begun = time.monotonic()
    _ask(demo, "/v1/chat/completions", "[demo:tokens=20000 rate=0]", stream=True)
    assert time.monotonic() - begun < 5
