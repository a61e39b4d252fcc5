"""Sweeps all open sessions, page by page, from where the last run stopped."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from aws_lambda_powertools import Logger

from chat.clock import Clock
from chat.error_fields import safe_error_fields
from chat.errors import StorageError
from chat.sessions import SessionState
from chat.sessions.index import (
    FIRST_IN_TIME,
    SHARDS,
    CleanupRecord,
    IndexEntry,
    IndexPage,
    Position,
    SessionIndex,
)
from chat_cleanup.deadline import Deadline
from chat_cleanup.logs import log_end, log_failure
from chat_cleanup.resolution import Resolved
from chat_cleanup.run_summary import RunSummary

PAGE_SESSIONS = 400
"""The number of sessions on a page, which are ended concurrently."""
MAX_FAILED_SHARDS = 3
"""The run fails if its first shards, this many, cannot be read: trying the rest would use up Lambda's time."""
MAX_LOGGED = 20
"""How many failures a run logs individually. All failures are counted."""

logger = Logger()


class UnreadableEntryError(Exception):
    """The index entry of a session cannot be parsed."""


@dataclass(frozen=True, slots=True)
class ShardRange:
    """A part of a shard: the sessions after `after`, up to and including `last`, or to the end if `last` is None."""

    shard: int
    after: str = FIRST_IN_TIME
    last: str | None = None

    def __contains__(self, session_id: str) -> bool:
        return self.after < session_id and (self.last is None or session_id <= self.last)


def shard_ranges(positions: Sequence[Position]) -> Iterator[ShardRange]:
    """Covers every shard once, in three steps.

    First come the shards that the last run did not finish, from where it stopped. Then come the other shards, and last
    the parts of the unfinished shards before those positions.
    """
    begun = dict(positions)
    yield from (ShardRange(shard, after) for shard, after in begun.items())
    yield from (ShardRange(shard) for shard in range(SHARDS) if shard not in begun)
    yield from (ShardRange(shard, last=after) for shard, after in begun.items() if after > FIRST_IN_TIME)


class OpenSessionSweep:
    """One sweep: ends due sessions while there is time, and counts the others by their index entries.

    The shards take turns, one page each, so a shard that grows faster than its sessions can be ended does not hold up
    the others.
    """

    def __init__(
        self,
        *,
        index: SessionIndex,
        record: CleanupRecord,
        end: Callable[[IndexEntry], Resolved],
        executor: Executor,
        clock: Clock,
        deadline: Deadline,
    ) -> None:
        self._index = index
        self._record = record
        self._end = end
        self._executor = executor
        self._clock = clock
        self._deadline = deadline
        self._summary = RunSummary()
        self._queue: deque[ShardRange] = deque()
        self._left: list[Position] | None = None
        """Where the next run continues. None while there is still time to end sessions."""
        self._has_time = True

    def run(self, positions: Sequence[Position]) -> RunSummary:
        """Sweeps every shard once, unless time runs out.

        Raises:
            StorageError: none of the shards that were tried could be read.
        """
        self._queue.extend(shard_ranges(positions))
        pages, failed = 0, list[StorageError]()
        while self._queue and self._deadline.allows_reading():
            shard_range = self._queue.popleft()
            try:
                self._visit(shard_range, self._page(shard_range))
                pages += 1
            except StorageError as error:
                # Continue with the other shards. This one is left to the next run.
                failed.append(error)
                self._summary.complete = False
                self._fail(None, None, error)
            if not pages and len(failed) == MAX_FAILED_SHARDS:
                break
        if failed and not pages:
            raise failed[-1]
        if self._queue:
            self._summary.complete = False
            self._stop()
        self._store(self._left or ())
        return self._summary

    def _page(self, shard_range: ShardRange) -> IndexPage:
        return self._index.page(shard_range.shard, after=shard_range.after, limit=PAGE_SESSIONS)

    def _visit(self, shard_range: ShardRange, page: IndexPage) -> None:
        for session_id in page.unreadable:
            if session_id in shard_range:
                self._fail(session_id, None, UnreadableEntryError(session_id))
        entries = [entry for entry in page.entries if entry.session_id in shard_range]
        if page.last is not None and page.last in shard_range:
            self._queue.append(replace(shard_range, after=page.last))
        now = self._clock.now()
        due = [entry for entry in entries if _is_due(entry, now)]
        if due and self._left is None:
            # Store the position first: even if this page kills the process, the next run does not start with it.
            self._store(self._unfinished(Position(shard_range.shard, due[-1].session_id)))
        for entry in entries:
            if not _is_due(entry, now):
                self._summary.add_unseen(entry, now)
        self._work(shard_range, due, now)

    def _work(self, shard_range: ShardRange, due: Sequence[IndexEntry], now: float) -> None:
        after = shard_range.after
        for entry, result in zip(due, self._executor.map(self._try, due), strict=True):
            if isinstance(result, Resolved):
                self._summary.add(result)
                log_end(entry, result.resolution)
            elif result is None:
                self._stop(Position(shard_range.shard, after))
                self._summary.add_unseen(entry, now)
            else:
                self._fail(entry.session_id, entry, result)
            after = entry.session_id

    def _try(self, entry: IndexEntry) -> Resolved | Exception | None:
        """Ends a session. Returns the error if that fails, so that other sessions continue, or None if time is up."""
        self._has_time = self._has_time and self._deadline.allows_work()
        if not self._has_time:
            return None
        try:
            return self._end(entry)
        except Exception as error:  # noqa: BLE001
            return error

    def _stop(self, position: Position | None = None) -> None:
        """Records that the next run continues with the ranges that are unfinished now."""
        if self._left is None:
            self._left = self._unfinished(position)

    def _unfinished(self, current: Position | None) -> list[Position]:
        """The positions of the queued shards, followed by `current`, the position in the shard being read, if any."""
        shards: dict[int, str] = {}
        for shard_range in self._queue:
            if current is None or shard_range.shard != current.shard:
                shards.setdefault(shard_range.shard, shard_range.after)
        places = [Position(shard, after) for shard, after in shards.items()]
        return places if current is None else [*places, current]

    def _fail(self, session_id: str | None, entry: IndexEntry | None, error: Exception) -> None:
        self._summary.add_failure(entry, self._clock.now())
        if self._summary.failures <= MAX_LOGGED:
            log_failure(session_id, entry, error)

    def _store(self, positions: Sequence[Position]) -> None:
        try:
            self._record.store(positions, now=self._clock.now())
        except StorageError as error:
            logger.warning("cleanup position not stored", **safe_error_fields(error))


def _is_due(entry: IndexEntry, now: float) -> bool:
    """Whether the session must be read or removed: it is streaming, or pending and expired."""
    return entry.state is SessionState.STREAMING or (entry.state is SessionState.PENDING and now >= entry.expires_at)
