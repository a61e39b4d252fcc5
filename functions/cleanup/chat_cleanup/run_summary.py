"""The counts of one cleanup run."""

from dataclasses import dataclass

from chat.sessions import SessionState
from chat.sessions.index import IndexEntry
from chat_cleanup.resolution import Resolution, Resolved


@dataclass(slots=True)
class RunSummary:
    """Counts open, ended and failed sessions during one sweep. Not thread-safe."""

    active: int = 0
    streaming: int = 0
    expired: int = 0
    settled: int = 0
    failures: int = 0
    oldest_stuck_seconds: float = 0.0
    left: int = 0
    """Expired sessions that there was no time to end."""
    complete: bool = True
    """Whether every open session was seen, so that `active` and `streaming` are correct."""

    def add(self, ended: Resolved) -> None:
        """Counts a session that was checked."""
        self.active += ended.resolution in {Resolution.WAITING, Resolution.STREAMING}
        self.streaming += ended.resolution is Resolution.STREAMING
        self.expired += ended.resolution is Resolution.EXPIRED
        self.settled += ended.resolution is Resolution.SETTLED
        self._stuck(ended.stuck_seconds)

    def add_failure(self, entry: IndexEntry | None, now: float) -> None:
        """Counts a session that could not be read or ended. `entry` is None if the index cannot describe it."""
        self.failures += 1
        if entry is not None:
            self._stuck(now - entry.expires_at)

    def add_unseen(self, entry: IndexEntry, now: float) -> None:
        """Counts a session that was not checked, by its index entry alone."""
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
