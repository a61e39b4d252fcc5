"""Counts of failed Redis calls, by operation."""

from collections import Counter
from threading import Lock


class CacheErrors:
    """Counts failed calls; one instance is shared by all adapters of a process."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._drained: Counter[str] = Counter()
        self._lock = Lock()

    def count(self, operation: str) -> None:
        """Counts one failed call; `operation` is one of a few names (`cache_get`, `log_append`, ...), never a key."""
        with self._lock:
            self._counts[operation] += 1

    def drain(self) -> dict[str, int]:
        """The counts since the last drain; each failure is returned once."""
        with self._lock:
            fresh = self._counts - self._drained
            self._drained = self._counts.copy()
        return dict(fresh)

    @property
    def by_operation(self) -> dict[str, int]:
        """The counts since the process started."""
        with self._lock:
            return dict(self._counts)

    @property
    def total(self) -> int:
        return sum(self.by_operation.values())
