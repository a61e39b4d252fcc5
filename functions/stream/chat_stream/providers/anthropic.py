"""Anthropic's messages."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import anthropic
import httpx2

from chat.messages import Role, Usage
from chat_stream.providers.answer import SdkStream, answer
from chat_stream.providers.connection import MAX_RETRIES, client_options
from chat_stream.providers.errors import MalformedEventError, SdkErrors
from chat_stream.providers.port import ChatRequest, Finish, Piece, Turn
from chat_stream.providers.settings import Access

SDK_ERRORS = SdkErrors(
    status=anthropic.APIStatusError,
    # While iterating, this SDK lets httpx2's own errors through.
    timeout=(anthropic.APITimeoutError, httpx2.TimeoutException),
    connection=(anthropic.APIConnectionError, httpx2.TransportError),
    malformed=(anthropic.APIResponseValidationError, httpx2.DecodingError),
    reported=anthropic.APIError,
)
MAX_TEMPERATURE = 1.0

_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}


class AnthropicProvider:
    """Anthropic. It belongs to the event loop that first uses it."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._client = anthropic.AsyncAnthropic(
            api_key=access.api_key,
            base_url=access.base_url,
            max_retries=MAX_RETRIES,
            http_client=anthropic.DefaultAsyncHttpxClient(**client_options(access.timing)),
        )

    def stream(self, request: ChatRequest) -> AbstractAsyncContextManager[AsyncIterator[Piece]]:
        body = request_body(request)

        async def open_stream() -> SdkStream:
            # `post` is what `messages.create` calls. Asked for plain JSON values, it makes no pydantic model of each
            # event, which takes twice as long as all the rest.
            return await self._client.post(
                "/v1/messages", body=body, cast_to=object, stream=True, stream_cls=anthropic.AsyncStream[object]
            )

        return answer(
            open_stream, MessageReader(), label=self._access.label, sdk=SDK_ERRORS, timing=self._access.timing
        )

    def use_key(self, api_key: str) -> None:
        """Another key from the next request on."""
        self._client.api_key = api_key

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()


def request_body(request: ChatRequest) -> dict[str, Any]:
    """The request in Anthropic's words (https://docs.anthropic.com/en/api/messages)."""
    body: dict[str, Any] = {
        "model": request.model.provider_model,
        "messages": _messages(request.turns),
        "max_tokens": request.model.max_output_tokens,
        "stream": True,
    }
    if request.system:
        body["system"] = request.system
    if request.model.sampling and request.temperature is not None:
        body["temperature"] = min(request.temperature, MAX_TEMPERATURE)
    return body


def _messages(turns: tuple[Turn, ...]) -> list[dict[str, str]]:
    """Blank turns are refused by the API, and so is a conversation that the assistant begins."""
    messages: list[dict[str, str]] = []
    for turn in turns:
        if not turn.content.strip() or (not messages and turn.role is not Role.USER):
            continue
        if messages and messages[-1]["role"] == turn.role.value:
            messages[-1]["content"] += f"\n\n{turn.content}"
        else:
            messages.append({"role": turn.role.value, "content": turn.content})
    return messages


class MessageReader:
    """Reads the events of one message."""

    def __init__(self) -> None:
        self.ended = False
        self.usage: Usage | None = None
        self._reason: str | None = None
        self._counts: dict[str, int] = {}

    @property
    def finish(self) -> Finish | None:
        if self._reason is None:
            return None
        return Finish(_REASONS.get(self._reason, "other"), self.usage)

    def read(self, event: Any) -> str | None:
        try:
            match event["type"]:
                case "content_block_delta":
                    return _text(event["delta"], "text_delta")
                case "content_block_start":
                    return _text(event["content_block"], "text") or None
                case "message_start":
                    self._count(event["message"].get("usage"))
                case "message_delta":
                    self._reason = event["delta"].get("stop_reason") or self._reason
                    self._count(event.get("usage"))
                case "message_stop":
                    self.ended = True
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise MalformedEventError from error
        return None

    def _count(self, usage: dict[str, Any] | None) -> None:
        """The counts are cumulative: a later one replaces an earlier one."""
        self._counts |= {name: count for name, count in (usage or {}).items() if isinstance(count, int)}
        if "input_tokens" in self._counts:
            # Input that was written to or read from the prompt cache is reported apart.
            names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
            read = sum(self._counts.get(name, 0) for name in names)
            self.usage = Usage(read, self._counts.get("output_tokens", 0))


def _text(part: dict[str, Any], kind: str) -> str:
    """The text of a part of that kind; other kinds (thinking, signatures) have none."""
    if part["type"] != kind:
        return ""
    text = part["text"]
    if not isinstance(text, str):
        raise TypeError
    return text
