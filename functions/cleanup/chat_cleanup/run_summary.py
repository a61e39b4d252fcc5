"""What a run found and did, in numbers."""

from dataclasses import dataclass

from chat.sessions import SessionState
from chat.sessions.index import IndexEntry
from chat_cleanup.resolution import Resolution, Resolved


@dataclass(slots=True)
class RunSummary:
    """Counts of one walk through what is open. For one thread."""

    active: int = 0
    streaming: int = 0
    expired: int = 0
    settled: int = 0
    failures: int = 0
    oldest_stuck_seconds: float = 0.0
    left: int = 0
    """Sessions that should be ended, and for which there was no time."""
    complete: bool = True
    """Everything that is open has been seen, so that `active` and `streaming` are the truth."""

    def add(self, ended: Resolved) -> None:
        """A session that was looked at."""
        self.active += ended.resolution in {Resolution.WAITING, Resolution.STREAMING}
        self.streaming += ended.resolution is Resolution.STREAMING
        self.expired += ended.resolution is Resolution.EXPIRED
        self.settled += ended.resolution is Resolution.SETTLED
        self._stuck(ended.stuck_seconds)

    def add_failure(self, entry: IndexEntry | None, now: float) -> None:
        """A session that could not be read or ended; None: not even the index can tell what it is."""
        self.failures += 1
        if entry is not None:
            self._stuck(now - entry.expires_at)

    def add_unseen(self, entry: IndexEntry, now: float) -> None:
        """A session for which there was no time, as the index knows it."""
        if entry.state.finished:
            return
        if now >= entry.expires_at:
            self.left += 1
            self._stuck(now - entry.expires_at)
            return
        self.active += 1
        self.streaming += entry.state is SessionState.STREAMING

    def _stuck(self, seconds: float) -> None:
        self.oldest_stuck_seconds = max(self.oldest_stuck_seconds, seconds)
