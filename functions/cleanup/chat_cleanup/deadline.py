"""The time limits of a cleanup run."""

from collections.abc import Callable


class Deadline:
    """Two limits before Lambda's deadline: ending sessions stops first, reading the index a little later."""

    def __init__(self, seconds_left: Callable[[], float], *, margin_seconds: float) -> None:
        """`seconds_left` returns the time until Lambda ends the process."""
        self._seconds_left = seconds_left
        whole = seconds_left()
        self._working_margin = min(margin_seconds, whole / 4)
        self._reading_margin = self._working_margin * 3 / 4

    def allows_work(self) -> bool:
        """Whether there is time to end another session."""
        return self._seconds_left() > self._working_margin

    def allows_reading(self) -> bool:
        """Whether there is time to read the index, to count open sessions."""
        return self._seconds_left() > self._reading_margin
