"""OpenAI's chat completions, and whoever else speaks them (xAI, Ollama, vLLM)."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2
import openai

from chat.messages import Usage
from chat_stream.providers.answer import SdkStream, answer
from chat_stream.providers.connection import MAX_RETRIES, client_options
from chat_stream.providers.errors import MalformedEventError, SdkErrors
from chat_stream.providers.port import ChatRequest, Finish, Piece
from chat_stream.providers.settings import Access

SDK_ERRORS = SdkErrors(
    status=openai.APIStatusError,
    timeout=(openai.APITimeoutError,),
    connection=(openai.APIConnectionError, httpx2.TransportError),
    malformed=(openai.APIResponseValidationError, httpx2.DecodingError),
    reported=openai.APIError,
)


class OpenAIProvider:
    """A provider that speaks OpenAI's chat completions. It belongs to the event loop that first uses it."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._client = openai.AsyncOpenAI(
            api_key=access.api_key,
            base_url=access.base_url,
            max_retries=MAX_RETRIES,
            http_client=openai.DefaultAsyncHttpxClient(**client_options(access.timing)),
        )

    def stream(self, request: ChatRequest) -> AbstractAsyncContextManager[AsyncIterator[Piece]]:
        body = request_body(request)

        async def open_stream() -> SdkStream:
            # `post` is what `chat.completions.create` calls. Asked for plain JSON values, it makes no pydantic model of
            # each chunk, which takes ten times as long as all the rest.
            return await self._client.post(
                "/chat/completions", body=body, cast_to=object, stream=True, stream_cls=openai.AsyncStream[object]
            )

        return answer(open_stream, ChunkReader(), label=self._access.label, sdk=SDK_ERRORS, timing=self._access.timing)

    def use_key(self, api_key: str) -> None:
        """Another key from the next request on."""
        self._client.api_key = api_key

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()


def request_body(request: ChatRequest) -> dict[str, Any]:
    """The request in OpenAI's words (https://platform.openai.com/docs/api-reference/chat/create)."""
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
    """Reads the chunks of one chat completion."""

    ended = False  # `[DONE]` is the SDK's business

    def __init__(self) -> None:
        self._reason: str | None = None
        self.usage: Usage | None = None
        self._refused = False

    @property
    def finish(self) -> Finish | None:
        if self._reason is None:
            return None
        if self._refused:
            return Finish("content_filter", self.usage)
        known = self._reason in {"stop", "length", "content_filter"}
        return Finish(self._reason if known else "other", self.usage)

    def read(self, event: Any) -> str | None:
        try:
            if usage := event.get("usage"):
                self.usage = _usage(usage)
            choices = event.get("choices")
            if not choices:
                return None
            choice = choices[0]
            if reason := choice.get("finish_reason"):
                self._reason = str(reason)
            return self._delta(choice.get("delta") or {})
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            raise MalformedEventError from error

    def _delta(self, delta: dict[str, Any]) -> str | None:
        text = delta.get("content")
        if not text and (text := delta.get("refusal")):
            self._refused = True
        if text:
            if not isinstance(text, str):
                raise TypeError
            return text
        # Not OpenAI's own: xAI, vLLM and others stream a model's reasoning under these names.
        return "" if delta.get("reasoning_content") or delta.get("reasoning") else None


def _usage(usage: dict[str, int]) -> Usage:
    """XAI counts a model's reasoning in the total only; it is paid for like the rest of the output."""
    prompt, completion = int(usage["prompt_tokens"]), int(usage["completion_tokens"])
    return Usage(prompt, max(completion, int(usage.get("total_tokens") or 0) - prompt))
