"""Writes a generation to its event log, beside the client's own stream and never in its way."""

import asyncio
import contextlib
from collections.abc import Callable

from chat.event_log import AppendResult, EventLog, LogEntry, LogUnavailableError, TerminalEntry, TextEntry
from chat.sessions import Lease

BATCH_SECONDS = 0.025
STOP_LOOK_SECONDS = 0.1
"""How often the log is asked whether to stop while there is nothing to append."""


class LogWriter:
    """Appends what is ready, at most every `BATCH_SECONDS`. After its first failure it leaves the log alone."""

    def __init__(
        self, log: EventLog, lease: Lease, *, on_stop: Callable[[], None], on_lost: Callable[[], None]
    ) -> None:
        self._log = log
        self._lease = lease
        self._on = {AppendResult.STOP: on_stop, AppendResult.LOST: on_lost}
        self._texts: list[str] = []
        self._event_id = 0
        self._pending = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self.healthy = True

    def start(self) -> None:
        """Begins to append, in a task of its own."""
        self._task = asyncio.create_task(self._run())

    def add(self, event_id: int, text: str) -> None:
        """Takes a piece of the answer; `event_id` is that of its last character."""
        self._texts.append(text)
        self._event_id = event_id
        self._pending.set()

    async def finish(self, terminal: TerminalEntry) -> None:
        """Appends the rest and the end."""
        await self.close()
        if self.healthy:
            await self._append([*self._take(), terminal])

    async def close(self) -> None:
        """Appends no more."""
        self._closing = True
        self._pending.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while self.healthy and not self._closing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_LOOK_SECONDS):
                    await self._pending.wait()
            if not self._closing:
                self._tell(await self._append(self._take()))
                await asyncio.sleep(BATCH_SECONDS)

    def _take(self) -> list[LogEntry]:
        self._pending.clear()
        if not self._texts:
            return []
        entry = TextEntry(self._event_id, "".join(self._texts))
        self._texts.clear()
        return [entry]

    async def _append(self, entries: list[LogEntry]) -> AppendResult:
        try:
            return await self._log.append(self._lease.session_id, epoch=self._lease.epoch, entries=entries)
        except LogUnavailableError:
            self.healthy = False
            return AppendResult.GO_ON

    def _tell(self, result: AppendResult) -> None:
        if result in self._on:
            self._on[result]()
