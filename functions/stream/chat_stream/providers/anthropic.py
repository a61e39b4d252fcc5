"""The adapter for Anthropic's Messages API."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import anthropic
import httpx2

from chat.messages import Role, Usage
from chat_stream.providers.connection import MAX_RETRIES, client_options
from chat_stream.providers.failures.translation import MalformedEventError, SdkErrors
from chat_stream.providers.port import ChatRequest, Finish, Piece, Turn
from chat_stream.providers.reading.answer import answer
from chat_stream.providers.reading.event_stream import ServerEvent
from chat_stream.providers.reading.reported import value_of
from chat_stream.providers.reading.usage import counted, max_chars_of, max_tokens_of
from chat_stream.providers.settings import ProviderAccess

SDK_ERRORS = SdkErrors(
    status=anthropic.APIStatusError,
    timeout=anthropic.APITimeoutError,
    connection=anthropic.APIConnectionError,
    malformed=anthropic.APIResponseValidationError,
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
_COUNTS = (
    "input_tokens",
    # Input tokens written to or read from the prompt cache are reported separately.
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
)


class AnthropicProvider:
    """Streams answers from Anthropic. An instance is bound to the event loop that first uses it."""

    def __init__(self, access: ProviderAccess) -> None:
        self._access = access
        self._client = anthropic.AsyncAnthropic(
            api_key=access.api_key,
            base_url=access.base_url,
            max_retries=MAX_RETRIES,
            http_client=anthropic.DefaultAsyncHttpxClient(**client_options(access.timing)),
        )

    def stream(self, request: ChatRequest) -> AbstractAsyncContextManager[AsyncIterator[Piece]]:
        body = request_body(request)

        async def ask() -> httpx2.Response:
            # `messages.create` calls `post`. The events are read without the SDK: see `reading`.
            stream = await self._client.post(
                "/v1/messages", body=body, cast_to=object, stream=True, stream_cls=anthropic.AsyncStream[object]
            )
            return stream.response

        return answer(
            ask,
            MessageReader(max_tokens_of(request.model)),
            label=self._access.label,
            sdk=SDK_ERRORS,
            timing=self._access.timing,
            max_chars=max_chars_of(request.model),
        )

    def use_key(self, api_key: str) -> None:
        """Uses `api_key` from the next request on."""
        self._client.api_key = api_key

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()


def request_body(request: ChatRequest) -> dict[str, Any]:
    """The body of a Messages request (https://docs.anthropic.com/en/api/messages)."""
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
    """The turns as messages. Consecutive turns of one role are merged.

    Blank turns and leading assistant turns are left out, because the API refuses them.
    """
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
    """Reads the events of one message (https://docs.anthropic.com/en/docs/build-with-claude/streaming)."""

    def __init__(self, max_tokens: int) -> None:
        """A token count above `max_tokens` is rejected as implausible."""
        self.usage: Usage | None = None
        self.usage_refused = False
        self.ended = False
        self._max_tokens = max_tokens
        self._reason: str | None = None
        self._counts: dict[str, Any] = {}

    @property
    def finish(self) -> Finish | None:
        if self._reason is None:
            return None
        return Finish(_REASONS.get(self._reason, "other"), self.usage)

    def read(self, event: ServerEvent) -> str | None:
        value = value_of(event)
        try:
            match value.get("type") or event.name:
                case "content_block_delta":
                    return _text(value["delta"], "text_delta")
                case "content_block_start":
                    return _text(value["content_block"], "text") or None
                case "message_start":
                    self._count(value["message"].get("usage"))
                case "message_delta":
                    if (reason := value["delta"].get("stop_reason")) and self._reason is None:
                        self._reason = str(reason)
                    self._count(value.get("usage"))
                case "message_stop":
                    self.ended = True
        except (AttributeError, KeyError, TypeError) as error:
            raise MalformedEventError from error
        return None

    def _count(self, usage: Any) -> None:
        """Updates the usage. Anthropic's counts are cumulative, so a later count replaces an earlier one."""
        if not usage:
            return
        try:
            self._counts |= {name: usage[name] for name in _COUNTS if usage.get(name) is not None}
            self.usage = _usage(self._counts, self._max_tokens)
            self.usage_refused = False
        except (AttributeError, TypeError, ValueError):
            self.usage = None
            self.usage_refused = True


def _usage(counts: dict[str, Any], max_tokens: int) -> Usage | None:
    """The usage, or None if the provider has not reported the input tokens yet."""
    known = {name: counted(count, max_tokens) for name, count in counts.items()}
    if "input_tokens" not in known:
        return None
    output = known.pop("output_tokens", 0)
    return Usage(counted(sum(known.values()), max_tokens), output)


def _text(part: dict[str, Any], kind: str) -> str:
    """The text of a part of type `kind`; other types (thinking, signatures) have no text."""
    if part["type"] != kind:
        return ""
    text = part["text"]
    if not isinstance(text, str):
        raise TypeError
    return text
