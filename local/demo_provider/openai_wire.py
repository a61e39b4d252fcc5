"""OpenAI chat completions (https://platform.openai.com/docs/api-reference/chat-streaming)."""

import time
import uuid
from collections.abc import Mapping
from typing import Any

from demo_provider.answers import tokens_of
from demo_provider.wire import CompletionRequest, compact, text_of

_ERRORS = {
    400: ("invalid_request_error", None, "The request is not valid."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", "unsupported_country_region_territory", "Country, region, or territory not served."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
}


def read(body: Mapping[str, Any]) -> CompletionRequest:
    """Parses a request; raises KeyError, TypeError or AttributeError for an invalid body."""
    messages = body["messages"]
    options = body.get("stream_options") or {}
    return CompletionRequest(
        model=body["model"],
        prompts=tuple(text_of(message["content"]) for message in messages if message["role"] == "user"),
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        stream=bool(body.get("stream")),
        include_usage=bool(options.get("include_usage")),
        input_tokens=sum(len(tokens_of(text_of(message["content"]))) for message in messages),
    )


def error_body(status: int) -> dict[str, object]:
    kind, code, message = _ERRORS.get(status, ("server_error", None, "The server had an error."))
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


class OpenAIWire:
    """Encodes one answer."""

    def __init__(self, request: CompletionRequest) -> None:
        self._request = request
        self._frame: dict[str, object] = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": request.model,
            "service_tier": "default",
            "system_fingerprint": None,
        }
        before, self._after = self._chunk({"content": "\0"}).split(compact("\0"))
        self._before = before

    def opening(self) -> bytes:
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def token(self, text: str) -> bytes:
        return self._before + compact(text) + self._after

    def malformed(self) -> bytes:
        return b'data: {"id":"chatcmpl-\n\n'

    def error_event(self) -> bytes:
        return b"data: " + compact(error_body(500)) + b"\n\n"

    def ending(self, *, finish: str, output_tokens: int) -> bytes:
        ending = self._chunk({}, finish)
        if self._request.include_usage:
            ending += _event({**self._frame, "choices": [], "usage": self._usage(output_tokens)})
        return ending + b"data: [DONE]\n\n"

    def whole(self, *, text: str, finish: str, output_tokens: int) -> dict[str, object]:
        message: dict[str, object] = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        usage = self._usage(output_tokens)
        return {**self._frame, "object": "chat.completion", "choices": [choice], "usage": usage}

    def _chunk(self, delta: dict[str, object], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage: dict[str, object] = {"usage": None} if self._request.include_usage else {}
        return _event({**self._frame, "choices": [choice], **usage})

    def _usage(self, output_tokens: int) -> dict[str, object]:
        return {
            "prompt_tokens": self._request.input_tokens,
            "completion_tokens": output_tokens,
            "total_tokens": self._request.input_tokens + output_tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        }


def _event(data: dict[str, object]) -> bytes:
    return b"data: " + compact(data) + b"\n\n"
