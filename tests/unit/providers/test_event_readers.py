"""Events that the demo provider does not send."""

import json
from typing import Any

import pytest

from chat.messages import Usage
from chat_stream.providers.anthropic import MessageReader
from chat_stream.providers.openai import ChunkReader
from chat_stream.providers.port import Finish
from chat_stream.providers.reading.answer import EventReader
from chat_stream.providers.reading.event_stream import ServerEvent

MAX_TOKENS = 1_000_000


def _read(reader: EventReader, value: dict[str, Any]) -> str | None:
    return reader.read(ServerEvent("", json.dumps(value)))


def _chunk(delta: dict[str, Any] | None = None, **more: object) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta or {}, **more}]}


def test_openai_refusal_is_text_that_a_filter_ended() -> None:
    reader = ChunkReader(MAX_TOKENS)
    assert _read(reader, _chunk({"refusal": "I cannot."})) == "I cannot."
    _read(reader, _chunk(finish_reason="stop"))
    assert reader.finish == Finish("content_filter", None)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_openai_reasoning_is_no_text_but_a_sign_of_life(field: str) -> None:
    assert _read(ChunkReader(MAX_TOKENS), _chunk({"content": None, field: "Let me think"})) == ""


@pytest.mark.parametrize("event", [_chunk({"role": "assistant", "content": ""}), {"choices": []}, {}])
def test_openai_events_without_text(event: dict[str, Any]) -> None:
    assert _read(ChunkReader(MAX_TOKENS), event) is None


def test_openai_usage_beside_the_last_choice() -> None:
    """Some servers send it there."""
    reader = ChunkReader(MAX_TOKENS)
    _read(reader, _chunk(finish_reason="length") | {"usage": {"prompt_tokens": 3, "completion_tokens": 4}})
    assert reader.finish == Finish("length", Usage(3, 4))


def test_xai_reasoning_counts_as_output() -> None:
    reader = ChunkReader(MAX_TOKENS)
    _read(reader, _chunk(finish_reason="stop"))
    _read(reader, {"choices": [], "usage": {"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135}})
    assert reader.finish == Finish("stop", Usage(32, 103))


def test_anthropic_usage_adds_the_cached_input() -> None:
    reader = MessageReader(MAX_TOKENS)
    usage = {
        "input_tokens": 5,
        "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 1000,
        "output_tokens": 1,
        "service_tier": "standard",
    }
    _read(reader, {"type": "message_start", "message": {"usage": usage}})
    _read(reader, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 42}})
    assert reader.finish == Finish("stop", Usage(1105, 42))


def test_anthropic_thinking_is_no_text_but_a_sign_of_life() -> None:
    delta = {"type": "thinking_delta", "thinking": "Let me think"}
    assert _read(MessageReader(MAX_TOKENS), {"type": "content_block_delta", "index": 0, "delta": delta}) == ""


@pytest.mark.parametrize(
    ("stop_reason", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        ("pause_turn", "other"),
    ],
)
def test_anthropic_stop_reasons(stop_reason: str, reason: str) -> None:
    reader = MessageReader(MAX_TOKENS)
    _read(reader, {"type": "message_delta", "delta": {"stop_reason": stop_reason}})
    assert reader.finish == Finish(reason, None)


@pytest.mark.parametrize("kind", ["ping", "content_block_stop", "something_new"])
def test_anthropic_events_without_meaning(kind: str) -> None:
    reader = MessageReader(MAX_TOKENS)
    assert _read(reader, {"type": kind}) is None
    assert not reader.ended
    assert reader.finish is None
