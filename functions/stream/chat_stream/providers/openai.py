"""The adapter for OpenAI's Chat Completions API and compatible ones (xAI, Ollama, vLLM)."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2
import openai

from chat.messages import Usage
from chat_stream.providers.connection import MAX_RETRIES, client_options
from chat_stream.providers.failures.translation import MalformedEventError, SdkErrors
from chat_stream.providers.port import ChatRequest, Finish, Piece
from chat_stream.providers.reading.answer import answer
from chat_stream.providers.reading.event_stream import ServerEvent
from chat_stream.providers.reading.reported import value_of
from chat_stream.providers.reading.usage import counted, max_chars_of, max_tokens_of
from chat_stream.providers.settings import ProviderAccess

SDK_ERRORS = SdkErrors(
    status=openai.APIStatusError,
    timeout=openai.APITimeoutError,
    connection=openai.APIConnectionError,
    malformed=openai.APIResponseValidationError,
    reported=openai.APIError,
)
_END = "[DONE]"


class OpenAIProvider:
    """Streams answers from a Chat Completions API. An instance is bound to the event loop that first uses it."""

    def __init__(self, access: ProviderAccess) -> None:
        self._access = access
        self._client = openai.AsyncOpenAI(
            api_key=access.api_key,
            base_url=access.base_url,
            max_retries=MAX_RETRIES,
            http_client=openai.DefaultAsyncHttpxClient(**client_options(access.timing)),
        )

    def stream(self, request: ChatRequest) -> AbstractAsyncContextManager[AsyncIterator[Piece]]:
        body = request_body(request)

        async def ask() -> httpx2.Response:
            # `chat.completions.create` calls `post`. The events are read without the SDK: see `reading`.
            stream = await self._client.post(
                "/chat/completions", body=body, cast_to=object, stream=True, stream_cls=openai.AsyncStream[object]
            )
            return stream.response

        return answer(
            ask,
            ChunkReader(max_tokens_of(request.model)),
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
    """The body of a Chat Completions request (https://platform.openai.com/docs/api-reference/chat/create)."""
    messages = [{"role": turn.role.value, "content": turn.content} for turn in request.turns]
    if request.system:
        messages.insert(0, {"role": "system", "content": request.system})
    body: dict[str, Any] = {
        "model": request.model.provider_model,
        "messages": messages,
        "max_completion_tokens": request.model.max_output_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.model.sampling and request.temperature is not None:
        body["temperature"] = request.temperature
    return body


class ChunkReader:
    """Reads the chunks of one chat completion (https://platform.openai.com/docs/api-reference/chat-streaming).

    The chunk with a `finish_reason` carries the last text; only the usage comes after it.
    """

    def __init__(self, max_tokens: int) -> None:
        """A token count above `max_tokens` is rejected as implausible."""
        self.usage: Usage | None = None
        self.usage_refused = False
        self.ended = False
        self._max_tokens = max_tokens
        self._reason: str | None = None
        self._refused = False

    @property
    def finish(self) -> Finish | None:
        if self._reason is None:
            return None
        if self._refused:
            return Finish("content_filter", self.usage)
        known = self._reason in {"stop", "length", "content_filter"}
        return Finish(self._reason if known else "other", self.usage)

    def read(self, event: ServerEvent) -> str | None:
        if event.data.startswith(_END):
            self.ended = True
            return None
        chunk = value_of(event)
        try:
            if usage := chunk.get("usage"):
                self._count(usage)
            return self._choice(_first(chunk.get("choices")))
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            raise MalformedEventError from error

    def _choice(self, choice: Any) -> str | None:
        if choice is None:
            return None
        if (reason := choice.get("finish_reason")) and self._reason is None:
            self._reason = str(reason)
        return self._delta(choice.get("delta") or {})

    def _delta(self, delta: dict[str, Any]) -> str | None:
        text = delta.get("content")
        if not text and (text := delta.get("refusal")):
            self._refused = True
        if text:
            if not isinstance(text, str):
                raise TypeError
            return text
        # xAI, vLLM and others stream a model's reasoning in these fields; OpenAI does not.
        return "" if delta.get("reasoning_content") or delta.get("reasoning") else None

    def _count(self, usage: Any) -> None:
        try:
            self.usage = _usage(usage, self._max_tokens)
        except (AttributeError, KeyError, TypeError, ValueError):
            self.usage = None
        self.usage_refused = self.usage is None


def _first(choices: Any) -> Any:
    """The choice with index 0, the only one requested; None if there is none."""
    return next((choice for choice in choices or () if not choice.get("index")), None)


def _usage(usage: dict[str, Any], max_tokens: int) -> Usage:
    """The usage, with reasoning tokens as output.

    xAI counts reasoning tokens only in the total, but bills them as output.
    """
    prompt, completion = (counted(usage[name], max_tokens) for name in ("prompt_tokens", "completion_tokens"))
    total = usage.get("total_tokens")
    return Usage(prompt, completion if total is None else max(completion, counted(total, max_tokens) - prompt))
