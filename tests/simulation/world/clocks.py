"""Clocks of simulated processes: each a little apart from the others."""

from simulation.engine.loop import SimLoop
from simulation.engine.process import CURRENT

EPOCH = 1_800_000_000.0
"""What the clocks say when a run begins, in seconds since the epoch."""


class ProcessClock:
    """A `chat.clock.Clock`: the current process's."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        return EPOCH + self._loop.time() + CURRENT.get().skew_seconds


class TrueClock:
    """A `chat.clock.Clock` that is never wrong: Redis's own."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        return EPOCH + self._loop.time()
