"""From an SDK's stream of events to the deltas and the finish that the port promises."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Protocol

from chat.errors import ProviderError
from chat.messages import Usage
from chat_stream.providers.errors import Progress, SdkErrors, provider_error, translated
from chat_stream.providers.port import Finish, Piece
from chat_stream.providers.settings import Timing
from chat_stream.providers.text import SurrogateJoiner
from chat_stream.providers.timing import Watchdog

_CLOSING_SECONDS = 1.0
"""How long a stream that has said all may take to end, so that its connection can be used again."""


class SdkStream(Protocol):
    """An SDK's `AsyncStream` of decoded events."""

    def __aiter__(self) -> AsyncIterator[object]: ...

    async def close(self) -> None: ...


class EventReader(Protocol):
    """Reads one answer's events, each a decoded JSON value; does no I/O."""

    @property
    def finish(self) -> Finish | None:
        """Known once the answer is complete."""

    @property
    def usage(self) -> Usage | None:
        """The tokens so far, if the provider has told them."""

    @property
    def ended(self) -> bool:
        """The provider has said that nothing more will come."""

    def read(self, event: object) -> str | None:
        """The event's text; empty: the model is at work (it reasons); None: neither.

        Raises:
            MalformedEventError: not an event of this provider.
        """


@asynccontextmanager
async def answer(
    open_stream: Callable[[], Awaitable[SdkStream]],
    reader: EventReader,
    *,
    label: str,
    sdk: SdkErrors,
    timing: Timing,
) -> AsyncIterator[AsyncIterator[Piece]]:
    """One answer, as `ChatProvider.stream` gives it. The provider is asked when the first item is."""
    items = _Answer(reader, label, sdk, timing).items(open_stream)
    try:
        yield items
    finally:
        await items.aclose()


class _Answer:
    def __init__(self, reader: EventReader, label: str, sdk: SdkErrors, timing: Timing) -> None:
        self._reader = reader
        self._label = label
        self._sdk = sdk
        self._timing = timing
        self._progress = Progress()
        self._joiner = SurrogateJoiner()
        self._at_work = False
        self._told: Usage | None = None

    async def items(self, open_stream: Callable[[], Awaitable[SdkStream]]) -> AsyncGenerator[Piece]:
        stream: SdkStream | None = None
        watchdog = Watchdog(self._timing.first_token_seconds)
        try:
            with self._failures(watchdog):
                watchdog.wait()
                stream = await open_stream()
                async for event in stream:
                    if text := self._text(event, watchdog):
                        watchdog.rest()
                        yield text
                        watchdog.wait()
                    elif (usage := self._reader.usage) is not None and usage is not self._told:
                        self._told = usage
                        yield usage
        finally:
            watchdog.stop()
            if stream is not None:
                await stream.close()
        if text := self._joiner.flush():
            self._progress.has_text = True
            yield text
        yield self._finish()

    def _text(self, event: object, watchdog: Watchdog) -> str:
        text = self._reader.read(event)
        if text is None:
            if self._reader.ended:
                watchdog.limit(_CLOSING_SECONDS)
            return ""
        if not self._at_work:
            self._at_work = True
            watchdog.limit(self._timing.idle_seconds)
        text = self._joiner.join(text)
        if text:
            self._progress.has_text = True
        else:
            watchdog.wait()
        return text

    @contextmanager
    def _failures(self, watchdog: Watchdog) -> Iterator[None]:
        """What goes wrong after the answer is complete does not count."""
        try:
            try:
                with translated(self._label, self._sdk, self._progress):
                    yield
            except asyncio.CancelledError:
                if watchdog.caused_cancellation():
                    raise provider_error(self._label, "provider_timeout") from None
                raise
        except ProviderError:
            if self._reader.finish is None:
                raise

    def _finish(self) -> Finish:
        finish = self._reader.finish
        if finish is None:
            code = "provider_interrupted" if self._progress.has_text else "provider_unavailable"
            raise provider_error(self._label, code)
        if not self._progress.has_text:
            raise provider_error(self._label, "provider_empty", retryable=finish.reason != "content_filter")
        return finish
