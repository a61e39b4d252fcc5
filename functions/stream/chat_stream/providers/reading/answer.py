"""Reads one response into the text deltas, usage and finish that `ChatProvider.stream` yields."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from chat.errors import ProviderError
from chat.messages import Usage
from chat_stream.providers.errors import log_failure, log_refused_usage, provider_error
from chat_stream.providers.failures.described import described
from chat_stream.providers.failures.retry_after import retry_after_seconds
from chat_stream.providers.failures.translation import MalformedEventError, SdkErrors, code_of, refusal_in
from chat_stream.providers.port import Finish, Piece
from chat_stream.providers.reading.event_stream import EventStreamDecoder, ServerEvent
from chat_stream.providers.reading.text import SurrogateJoiner
from chat_stream.providers.reading.timing import Watchdog
from chat_stream.providers.settings import Timing

if TYPE_CHECKING:
    import httpx2

CLOSING_SECONDS = 0.5
"""How long a complete response may take to end, so that its connection can be reused."""

USAGE_SECONDS = 3.0
"""How long a complete answer waits for its usage, which costs and limits are based on."""


class EventReader(Protocol):
    """Parses the events of one answer. Does no I/O."""

    @property
    def finish(self) -> Finish | None:
        """The end of the answer, or None while the answer is incomplete."""

    @property
    def usage(self) -> Usage | None:
        """The usage so far, or None if the provider has not reported any."""

    @property
    def usage_refused(self) -> bool:
        """Whether the provider's latest usage is implausible."""

    @property
    def ended(self) -> bool:
        """Whether the provider has sent its end marker."""

    def read(self, event: ServerEvent) -> str | None:
        """The event's text. An empty text means that the model is at work (reasoning); None means neither.

        Raises:
            MalformedEventError: the event is not one this provider documents.
            ReportedError: the event reports an error.
        """


@asynccontextmanager
async def answer(
    ask: Callable[[], Awaitable["httpx2.Response"]],
    reader: EventReader,
    *,
    label: str,
    sdk: SdkErrors,
    timing: Timing,
    max_chars: int,
) -> AsyncIterator[AsyncIterator[Piece]]:
    """Reads one answer, for `ChatProvider.stream`. Sends the request when the first piece is requested.

    `ask` sends the request and returns the response once its headers have arrived. An answer of more than `max_chars`
    characters fails with `provider_bad_response`.
    """
    items = _Answer(reader, label, sdk, timing, max_chars).items(ask)
    try:
        yield items
    finally:
        await items.aclose()


class _Answer:
    def __init__(self, reader: EventReader, label: str, sdk: SdkErrors, timing: Timing, max_chars: int) -> None:
        self._reader = reader
        self._label = label
        self._sdk = sdk
        self._timing = timing
        self._chars_left = max_chars
        self._response: httpx2.Response | None = None
        self._decoder = EventStreamDecoder()
        self._joiner = SurrogateJoiner()
        self._events = 0
        self._at_work = False
        self._has_text = False
        self._told: Usage | None = None
        self._closing_seconds: float | None = None

    async def items(self, ask: Callable[[], Awaitable["httpx2.Response"]]) -> AsyncGenerator[Piece]:
        watchdog = Watchdog(self._timing.first_token_seconds)
        try:
            with self._failures(watchdog):
                watchdog.wait()
                self._response = await ask()
                async for chunk in self._response.aiter_bytes():
                    for event in self._decoded(chunk):
                        if text := self._text(event, watchdog):
                            watchdog.rest()
                            yield text
                            watchdog.wait()
                        elif (usage := self._new_usage()) is not None:
                            yield usage
                        self._close_soon(watchdog)
                self._decoder.end()
        finally:
            watchdog.stop()
            await self._close()
        if text := self._joiner.flush():
            self._has_text = True
            yield text
        yield self._finish()

    async def _close(self) -> None:
        """Closes the response. Ignores errors of the connection: the answer is not affected."""
        if self._response is None:
            return
        try:
            await self._response.aclose()
        except Exception as error:
            if code_of(error, self._sdk, has_text=self._has_text) is None:
                raise

    def _decoded(self, chunk: bytes) -> Iterator[ServerEvent]:
        """Decodes events up to the end marker. Bytes after it are read only so that the connection can be reused."""
        if self._reader.ended:
            return
        for event in self._decoder.feed(chunk):
            self._events += 1
            yield event
            if self._reader.ended:
                return

    def _text(self, event: ServerEvent, watchdog: Watchdog) -> str:
        """The text of the event. Text after the finish is dropped."""
        complete = self._reader.finish is not None
        text = self._reader.read(event)
        if complete or text is None:
            return ""
        if not self._at_work:
            self._at_work = True
            watchdog.limit(self._timing.idle_seconds)
        self._chars_left -= len(text)
        if self._chars_left < 0:
            raise MalformedEventError
        text = self._joiner.join(text)
        if text:
            self._has_text = True
        else:
            watchdog.wait()
        return text

    def _new_usage(self) -> Usage | None:
        usage = self._reader.usage
        if usage is self._told or self._reader.finish is not None:
            return None
        self._told = usage
        return usage

    def _close_soon(self, watchdog: Watchdog) -> None:
        """Sets a short timeout once the answer is complete, because some providers never close the response.

        Further events do not extend the timeout.
        """
        if self._reader.finish is None and not self._reader.ended:
            return
        complete = self._reader.ended or self._reader.usage is not None
        seconds = CLOSING_SECONDS if complete else USAGE_SECONDS
        if seconds != self._closing_seconds:
            self._closing_seconds = seconds
            watchdog.limit(seconds)

    @contextmanager
    def _failures(self, watchdog: Watchdog) -> Iterator[None]:
        """Translates failures to `ProviderError`. Ignores failures after the answer is complete."""
        try:
            yield
        except asyncio.CancelledError:
            if not watchdog.caused_cancellation():
                raise
            if not self._said_all:
                reason = "silent" if self._at_work else "no first token"
                raise self._failure("provider_timeout", reason=reason) from None
        except Exception as error:
            code = code_of(error, self._sdk, has_text=self._has_text)
            if code is None:
                raise
            if not self._said_all:
                raise self._failure(code, error) from error

    @property
    def _said_all(self) -> bool:
        return self._reader.ended or self._reader.finish is not None

    def _failure(
        self, code: str, error: Exception | None = None, *, retryable: bool | None = None, **details: Any
    ) -> ProviderError:
        refusal = refusal_in(error, self._sdk)
        log_failure(self._label, code, error, **described(error, refusal or self._response), **details)
        retry_after = None if refusal is None else retry_after_seconds(refusal.headers)
        return provider_error(self._label, code, retryable=retryable, retry_after=retry_after)

    def _finish(self) -> Finish:
        finish = self._reader.finish
        if finish is None:
            raise self._failure(self._code_without_finish(), reason="no finish")
        if not self._has_text:
            retryable = finish.reason != "content_filter"
            raise self._failure("provider_empty", retryable=retryable, reason=finish.reason)
        if finish.usage is None and self._reader.usage_refused:
            log_refused_usage(self._label)
        return finish

    def _code_without_finish(self) -> str:
        if self._has_text:
            return "provider_interrupted"
        return "provider_bad_response" if self._decoder.foreign and not self._events else "provider_unavailable"
