"""Anthropic messages (https://docs.anthropic.com/en/docs/build-with-claude/streaming)."""

import uuid
from collections.abc import Mapping
from typing import Any

from demo_provider.answers import tokens_of
from demo_provider.wire import CompletionRequest, compact, text_of

_ERRORS = {
    400: ("invalid_request_error", "The request is not valid."),
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "The requested resource could not be found."),
    413: ("request_too_large", "Request exceeds the maximum allowed number of bytes."),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit."),
    529: ("overloaded_error", "Overloaded"),
}
_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}


def read(body: Mapping[str, Any]) -> CompletionRequest:
    """Parses a request; raises KeyError, TypeError or AttributeError for an invalid body."""
    messages = body["messages"]
    texts = [text_of(body.get("system")), *(text_of(message["content"]) for message in messages)]
    return CompletionRequest(
        model=body["model"],
        prompts=tuple(text_of(message["content"]) for message in messages if message["role"] == "user"),
        max_tokens=body["max_tokens"],
        stream=bool(body.get("stream")),
        include_usage=True,
        input_tokens=sum(len(tokens_of(text)) for text in texts),
    )


def error_body(status: int) -> dict[str, object]:
    kind, message = _ERRORS.get(status, ("api_error", "Internal server error"))
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": f"req_{uuid.uuid4().hex[:24]}"}


class AnthropicWire:
    """Encodes one answer."""

    def __init__(self, request: CompletionRequest) -> None:
        self._request = request

    def opening(self) -> bytes:
        block = {"type": "text", "text": ""}
        return b"".join(
            (
                _event("message_start", message=self._message([], None, output_tokens=1)),
                _event("content_block_start", index=0, content_block=block),
                _event("ping"),
            )
        )

    def token(self, text: str) -> bytes:
        return (
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
            b'"delta":{"type":"text_delta","text":' + compact(text) + b"}}\n\n"
        )

    def malformed(self) -> bytes:
        return b'event: content_block_delta\ndata: {"type":"content_block_delta","index":\n\n'

    def error_event(self) -> bytes:
        return b"event: error\ndata: " + compact(error_body(529)) + b"\n\n"

    def ending(self, *, finish: str, output_tokens: int) -> bytes:
        delta = {"stop_reason": _STOP_REASONS.get(finish, finish), "stop_sequence": None}
        return b"".join(
            (
                _event("content_block_stop", index=0),
                _event("message_delta", delta=delta, usage={"output_tokens": output_tokens}),
                _event("message_stop"),
            )
        )

    def whole(self, *, text: str, finish: str, output_tokens: int) -> dict[str, object]:
        content = [{"type": "text", "text": text}] if text else []
        return self._message(content, _STOP_REASONS.get(finish, finish), output_tokens=output_tokens)

    def _message(
        self, content: list[dict[str, str]], stop_reason: str | None, *, output_tokens: int
    ) -> dict[str, object]:
        return {
            "id": f"msg_{uuid.uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": self._request.model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": {
                "input_tokens": self._request.input_tokens,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": output_tokens,
                "service_tier": "standard",
            },
        }


def _event(kind: str, **data: object) -> bytes:
    return f"event: {kind}\ndata: ".encode() + compact({"type": kind, **data}) + b"\n\n"
