"""Time that stands still until a test moves it."""


class FakeClock:
    """A `chat.clock.Clock`; times are in seconds since the epoch."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def set(self, now: float) -> None:
        """It is `now` from here on."""
        self._now = now

    def advance(self, seconds: float) -> float:
        """Advances the time by `seconds`; returns the new time."""
        self._now += seconds
        return self._now
