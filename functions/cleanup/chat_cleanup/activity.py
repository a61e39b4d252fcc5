"""How many chats and messages there were since the last run."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial

from chat.ids import least_id, made_at
from chat.sessions.index import SHARDS, Bucket, CleanupRecord, IndexEntry, SessionIndex

FIRST_INTERVAL_SECONDS = 300
"""How far the first run looks back."""
LONGEST_INTERVAL_SECONDS = 3600
"""How far a run looks back after a pause: done sessions are there for an hour at least."""
LAG_SECONDS = 5
"""What happened in the last moments may not be in the index yet: it is the next run's."""
LONGEST_SESSION_SECONDS = 2700
"""What is answered now was started that long ago at most: ten minutes to begin, fifteen to stream, ten to come back,
and then the cleanup."""
PAGE_SESSIONS = 1000


class OutOfTimeError(Exception):
    """There is too much to count in the time there is; nothing has been claimed."""


@dataclass(slots=True)
class ActivityCounts:
    """What happened in one stretch of time."""

    since: float
    until: float
    chats: set[tuple[str, str]] = field(default_factory=set)
    """User and chat of each prompt."""
    prompts: set[str] = field(default_factory=set)
    answers: set[str] = field(default_factory=set)
    """By session: one that is finished while it is counted is met twice."""

    @property
    def messages(self) -> int:
        return len(self.prompts) + len(self.answers)

    def add(self, entry: IndexEntry) -> None:
        """A session, if anything of it happened in this time."""
        try:
            started_at = made_at(entry.session_id)
        except ValueError:
            return
        if self.since <= started_at < self.until:
            self.prompts.add(entry.session_id)
            self.chats.add((entry.user_id, entry.chat_id))
        if entry.answered_at is not None and self.since <= entry.answered_at < self.until:
            self.answers.add(entry.session_id)

    def add_all(self, other: "ActivityCounts") -> None:
        """What was found elsewhere in the same time."""
        self.chats |= other.chats
        self.prompts |= other.prompts
        self.answers |= other.answers


class CountTraffic:
    """Counts the time since the last run, and claims it: two runs at once count nothing twice."""

    def __init__(
        self, *, index: SessionIndex, record: CleanupRecord, executor: Executor, has_time: Callable[[], bool]
    ) -> None:
        self._index = index
        self._record = record
        self._executor = executor
        self._has_time = has_time

    def __call__(self, counted_until: float | None, now: float) -> ActivityCounts | None:
        """`counted_until` is the record's; None: somebody else has counted it, or there is nothing to count yet.

        Raises:
            StorageError: DynamoDB did not answer.
            OutOfTimeError: the next run tries again.
        """
        until = now - LAG_SECONDS
        since = until - FIRST_INTERVAL_SECONDS if counted_until is None else counted_until
        activity = ActivityCounts(max(since, until - LONGEST_INTERVAL_SECONDS), until)
        if activity.since >= until:
            return None
        # First what is open: a session that is finished meanwhile is met among the others, and never missed.
        for finished in (False, True):
            first = least_id(activity.since - (LONGEST_SESSION_SECONDS if finished else 0))
            buckets = [Bucket(finished, shard) for shard in range(SHARDS)]
            for found in self._executor.map(partial(self._read, first, activity), buckets):
                activity.add_all(found)
        return activity if self._record.count_until(until, since=counted_until, now=now) else None

    def _read(self, first: str, of: ActivityCounts, bucket: Bucket) -> ActivityCounts:
        found = ActivityCounts(of.since, of.until)
        for page in self._pages(bucket, first):
            for entry in page:
                found.add(entry)
        return found

    def _pages(self, bucket: Bucket, first: str) -> Iterator[tuple[IndexEntry, ...]]:
        after: str | None = first
        while after is not None:
            if not self._has_time():
                raise OutOfTimeError
            page = self._index.page(bucket, after=after, limit=PAGE_SESSIONS)
            yield page.entries
            after = page.last
