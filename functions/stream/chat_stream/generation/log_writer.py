"""Appends a generation to its event log in the background, without delaying the client's stream."""

import asyncio
import contextlib
from collections.abc import Callable

from chat.sessions import Lease
from chat.sharing.event_log import AppendResult, EventLog, LogEntry, LogUnavailableError, TerminalEntry, TextEntry

BATCH_SECONDS = 0.025
LOOK_SECONDS = 0.1
"""How often an empty append checks for a stop or a lost lease while there is no new text."""
RETRY_SECONDS = 0.5
"""The pause after a failed append."""


class LogWriter:
    """Appends text in batches, at most one every `BATCH_SECONDS`.

    Text that could not be appended goes into a later batch. If the log has lost entries, the writer appends the whole
    text again.
    """

    def __init__(
        self, log: EventLog, lease: Lease, *, on_stop: Callable[[], None], on_lost: Callable[[], None]
    ) -> None:
        self._log = log
        self._lease = lease
        self._on_stop = on_stop
        self._on_lost = on_lost
        self._texts: list[str] = []
        self._last_id = 0
        self._logged_texts = 0
        """How many of the texts are known to be in the log."""
        self._logged_id = 0
        self._pending = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts appending in a background task."""
        self._task = asyncio.create_task(self._run())

    def add(self, event_id: int, text: str) -> None:
        """Queues a piece of the answer. `event_id` is the id of its last character."""
        self._texts.append(text)
        self._last_id = event_id
        self._pending.set()

    async def finish(self, terminal: TerminalEntry) -> None:
        """Appends the remaining text and the terminal entry. Ignores a log that is unavailable."""
        await self.close()
        with contextlib.suppress(LogUnavailableError):
            await self._append(terminal)

    async def close(self) -> None:
        """Stops the background task and waits for it to end."""
        self._closing.set()
        self._pending.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._closing.is_set():
            await _set_within(self._pending, LOOK_SECONDS)
            if self._closing.is_set():
                return
            self._pending.clear()
            try:
                result = await self._append()
            except LogUnavailableError:
                await _set_within(self._closing, RETRY_SECONDS)
                continue
            if result is AppendResult.STOP:
                self._on_stop()
            elif result is AppendResult.LOST:
                self._on_lost()
            await _set_within(self._closing, BATCH_SECONDS)

    async def _append(self, terminal: TerminalEntry | None = None) -> AppendResult:
        """Appends new text, or the whole text if the log has lost some. Raises LogUnavailableError."""
        result = await self._append_from_logged(terminal)
        if result is AppendResult.GAP:
            self._logged_texts, self._logged_id = 0, 0
            result = await self._append_from_logged(terminal)
        return result

    async def _append_from_logged(self, terminal: TerminalEntry | None) -> AppendResult:
        count, last_id = len(self._texts), self._last_id
        entries: list[LogEntry] = []
        if count > self._logged_texts:
            entries.append(TextEntry(last_id, "".join(self._texts[self._logged_texts : count])))
        if terminal is not None:
            entries.append(terminal)
        result = await self._log.append(
            self._lease.session_id, epoch=self._lease.epoch, after=self._logged_id, entries=entries
        )
        if result in {AppendResult.CONTINUE, AppendResult.STOP}:
            self._logged_texts, self._logged_id = count, last_id
        return result


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    """Waits at most `seconds` for the event."""
    if not event.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
