"""The time that a run has."""

from collections.abc import Callable


class Deadline:
    """Lambda's deadline, and limits before it, so that what is worth less gives way to what is worth more."""

    def __init__(self, seconds_left: Callable[[], float], *, margin_seconds: float) -> None:
        """`seconds_left` tells what is left until Lambda ends the process."""
        self._seconds_left = seconds_left
        whole = seconds_left()
        self._working_margin = min(margin_seconds, whole / 4)
        self._reading_margin = self._working_margin * 3 / 4

    def allows_work(self) -> bool:
        """A session may still be ended."""
        return self._seconds_left() > self._working_margin

    def allows_reading(self) -> bool:
        """The index may still be read, to count what is open."""
        return self._seconds_left() > self._reading_margin
