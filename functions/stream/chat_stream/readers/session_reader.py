"""Reads an answer that another request produces, from its event log or its session record, whichever is ahead.

The log has every piece as it is produced, but may fail at any time. The record has the checkpoints. Both are read
concurrently and neither waits for the other: while one of them works, a reader is at most three seconds behind.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial

from chat import events
from chat.errors import NotFoundError, StorageError
from chat.sessions import Session, SessionStore
from chat.sharing.event_log import EventLog, LogUnavailableError, TerminalEntry, TextEntry
from chat_stream.threads import in_thread

LOG_RETRY_SECONDS = 1.0
"""The pause before reconnecting to a log that failed."""
IDLE_SECONDS = 1.0
"""Once the log has been silent for this long, the record is read at this interval."""
RECORD_SECONDS = 5.0
"""How often the record is read while the log delivers entries."""
PATIENCE_SECONDS = 30.0
"""The reader gives up when neither log nor record has answered for this long."""

type Item = TextEntry | TerminalEntry | Session
"""Text that continues the previous text, the terminal entry of the log, or the session record.

The record comes after the text of its checkpoint.
"""


@dataclass(frozen=True, slots=True)
class SessionReaders:
    """Opens readers. `poll_seconds` is how often the record is read while the log is unavailable."""

    sessions: SessionStore
    log: EventLog | None
    poll_seconds: float

    def read(self, session_id: str, *, seen: int, session: Session | None = None) -> AsyncGenerator[Item]:
        """Reads the session after `seen`, the id of the last event the client received. The caller closes the reader.

        If the caller has already read the session, it is passed as `session` and yielded as the first record.

        Raises:
            NotFoundError: the session no longer exists; raised while iterating.
            StorageError: neither log nor record has answered for `PATIENCE_SECONDS`; raised while iterating.
        """
        return _SessionReader(self.sessions, self.log, self.poll_seconds, session_id, seen).items(session)


class _SessionReader:
    def __init__(
        self, sessions: SessionStore, log: EventLog | None, poll_seconds: float, session_id: str, seen: int
    ) -> None:
        self._sessions = sessions
        self._log = log
        self._poll_seconds = poll_seconds
        self._session_id = session_id
        self._seen = max(seen, events.TYPING_ID)
        self._queue: asyncio.Queue[Item | Exception] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._log_alive = False
        self._entry_at = self._record_at = self._answered_at = self._loop.time()

    async def items(self, session: Session | None) -> AsyncGenerator[Item]:
        if session is not None:
            self._queue.put_nowait(session)
        tasks = [asyncio.create_task(self._reported(self._watch_record))]
        if self._log is not None:
            tasks.append(asyncio.create_task(self._reported(partial(self._follow_log, self._log))))
        try:
            while True:
                item = await self._queue.get()
                if isinstance(item, Exception):
                    raise item
                for fresh in self._fresh(item):
                    yield fresh
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _fresh(self, item: Item) -> Iterator[Item]:
        if isinstance(item, TextEntry):
            yield from self._unseen(item)
        elif isinstance(item, Session):
            yield from self._unseen(TextEntry(events.TYPING_ID + len(item.partial), item.partial))
            yield item
        elif events.ends(item.event_id, self._seen):
            yield item
        # Otherwise the log lacks text, and the end comes from the record.

    def _unseen(self, entry: TextEntry) -> Iterator[TextEntry]:
        """The unseen text of the entry, in pieces of at most `REPLAY_CHARS`; nothing if text before it is missing."""
        text = events.unseen_of(entry.text, entry.event_id, self._seen) or ""
        for at in range(0, len(text), events.REPLAY_CHARS):
            piece = text[at : at + events.REPLAY_CHARS]
            self._seen += len(piece)
            yield TextEntry(self._seen, piece)

    async def _reported(self, read: Callable[[], Awaitable[None]]) -> None:
        """Passes an unexpected error on to the consumer instead of losing it in the task."""
        try:
            await read()
        except Exception as error:  # noqa: BLE001
            self._queue.put_nowait(error)

    async def _follow_log(self, log: EventLog) -> None:
        while True:
            try:
                async with log.follow(self._session_id, seen=self._seen) as entries:
                    self._log_alive = True
                    async for entry in entries:
                        self._answered_at = self._loop.time()
                        if entry is not None:
                            self._entry_at = self._answered_at
                            self._queue.put_nowait(entry)
                        if isinstance(entry, TerminalEntry):
                            return
            except LogUnavailableError:
                pass
            finally:
                self._log_alive = False
            await asyncio.sleep(LOG_RETRY_SECONDS)

    async def _watch_record(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            if not self._is_record_due():
                continue
            try:
                session = await in_thread(self._sessions.get, self._session_id)
            except StorageError as error:
                if self._loop.time() - self._answered_at > PATIENCE_SECONDS:
                    self._queue.put_nowait(error)
                    return
                continue
            self._record_at = self._answered_at = self._loop.time()
            self._queue.put_nowait(session or NotFoundError("The session is gone.", code="session_not_found"))
            if session is None or session.state.finished:
                return

    def _is_record_due(self) -> bool:
        now = self._loop.time()
        if not self._log_alive:
            return True
        silent = now - self._entry_at >= IDLE_SECONDS
        return now - self._record_at >= (IDLE_SECONDS if silent else RECORD_SECONDS)
