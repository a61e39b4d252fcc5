"""The walk through everything that is open, page by page, from where the last one ended."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from aws_lambda_powertools import Logger

from chat.clock import Clock
from chat.error_fields import cause_of
from chat.errors import StorageError
from chat.session_index import (
    FIRST_IN_TIME,
    SHARDS,
    Bucket,
    CleanupRecord,
    IndexEntry,
    IndexPage,
    Position,
    SessionIndex,
)
from chat.sessions import SessionState
from chat_cleanup.deadline import Deadline
from chat_cleanup.logs import tell_end, tell_failure
from chat_cleanup.resolution import Ended
from chat_cleanup.run_summary import Tally

PAGE_SESSIONS = 400
"""Read at once, and ended side by side."""
MAX_FAILED_SHARDS = 3
"""If none of the first shards can be read, DynamoDB is down, and trying the others would take Lambda's whole time."""
MAX_LOGGED = 20
"""Failures a run logs one by one; all are counted."""

logger = Logger()


class UnreadableEntryError(Exception):
    """The index has nothing that makes sense of a session."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the walk: a shard, from behind `after` up to and including `last` (None: to its end)."""

    shard: int
    after: str = FIRST_IN_TIME
    last: str | None = None

    def __contains__(self, session_id: str) -> bool:
        return self.after < session_id and (self.last is None or session_id <= self.last)


def stretches(positions: Sequence[Position]) -> Iterator[Stretch]:
    """Everything once: first what was left over, then the other shards, then what came before that which was left."""
    begun = dict(positions)
    yield from (Stretch(shard, after) for shard, after in begun.items())
    yield from (Stretch(shard) for shard in range(SHARDS) if shard not in begun)
    yield from (Stretch(shard, last=after) for shard, after in begun.items() if after > FIRST_IN_TIME)


class Walk:
    """One walk: ends what is to be ended while there is time for it, and counts the rest as the index knows it.

    The shards take turns, a page each; so a shard to which more comes than can be ended holds up no other.
    """

    def __init__(
        self,
        *,
        index: SessionIndex,
        record: CleanupRecord,
        end: Callable[[IndexEntry], Ended],
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
        self._tally = Tally()
        self._queue: deque[Stretch] = deque()
        self._left: list[Position] | None = None
        """Where the next run goes on, once there is no time to end more."""
        self._works = True

    def run(self, positions: Sequence[Position]) -> Tally:
        """Walks once around.

        Raises:
            StorageError: nothing could be read at all.
        """
        self._queue.extend(stretches(positions))
        pages, failed = 0, list[StorageError]()
        while self._queue and self._deadline.allows_reading():
            stretch = self._queue.popleft()
            try:
                self._visit(stretch, self._page(stretch))
                pages += 1
            except StorageError as error:
                # The other shards may be well; this one is the next run's.
                failed.append(error)
                self._tally.complete = False
                self._fail(None, None, error)
            if not pages and len(failed) == MAX_FAILED_SHARDS:
                break
        if failed and not pages:
            raise failed[-1]
        if self._queue:
            self._tally.complete = False
            self._stop()
        self._store(self._left or ())
        return self._tally

    def _page(self, stretch: Stretch) -> IndexPage:
        bucket = Bucket(finished=False, shard=stretch.shard)
        return self._index.page(bucket, after=stretch.after, limit=PAGE_SESSIONS)

    def _visit(self, stretch: Stretch, page: IndexPage) -> None:
        for session_id in page.unreadable:
            if session_id in stretch:
                self._fail(session_id, None, UnreadableEntryError(session_id))
        entries = [entry for entry in page.entries if entry.session_id in stretch]
        if page.last is not None and page.last in stretch:
            self._queue.append(replace(stretch, after=page.last))
        now = self._clock.now()
        due = [entry for entry in entries if _is_due(entry, now)]
        if due and self._left is None:
            # Whatever comes of this page, be it the end of the process: the next run does not begin with it.
            self._store(self._unfinished(Position(stretch.shard, due[-1].session_id)))
        for entry in entries:
            if not _is_due(entry, now):
                self._tally.add_unseen(entry, now)
        self._work(stretch, due, now)

    def _work(self, stretch: Stretch, due: Sequence[IndexEntry], now: float) -> None:
        after = stretch.after
        for entry, result in zip(due, self._executor.map(self._try, due), strict=True):
            if isinstance(result, Ended):
                self._tally.add(result)
                tell_end(entry, result.fate)
            elif result is None:
                self._stop(Position(stretch.shard, after))
                self._tally.add_unseen(entry, now)
            else:
                self._fail(entry.session_id, entry, result)
            after = entry.session_id

    def _try(self, entry: IndexEntry) -> Ended | Exception | None:
        """None: there is no time left. One session's failure, whatever it is, is no other's."""
        self._works = self._works and self._deadline.allows_work()
        if not self._works:
            return None
        try:
            return self._end(entry)
        except Exception as error:  # noqa: BLE001
            return error

    def _stop(self, position: Position | None = None) -> None:
        """The next run goes on with what is unfinished now."""
        if self._left is None:
            self._left = self._unfinished(position)

    def _unfinished(self, current: Position | None) -> list[Position]:
        """The shards of the queue, and then the one that is being read, if it is."""
        shards: dict[int, str] = {}
        for stretch in self._queue:
            if current is None or stretch.shard != current.shard:
                shards.setdefault(stretch.shard, stretch.after)
        places = [Position(shard, after) for shard, after in shards.items()]
        return places if current is None else [*places, current]

    def _fail(self, session_id: str | None, entry: IndexEntry | None, error: Exception) -> None:
        self._tally.add_failure(entry, self._clock.now())
        if self._tally.failures <= MAX_LOGGED:
            tell_failure(session_id, entry, error)

    def _store(self, positions: Sequence[Position]) -> None:
        try:
            self._record.store_positions(positions, now=self._clock.now())
        except StorageError as error:
            logger.warning("cleanup position not stored", **cause_of(error))


def _is_due(entry: IndexEntry, now: float) -> bool:
    """More must be known of it than the index knows, or something be done."""
    return entry.state is SessionState.STREAMING or (entry.state is SessionState.PENDING and now >= entry.expires_at)
