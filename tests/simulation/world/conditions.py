"""How well a store works at the moment, for whom, and since when."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from simulation.engine.loop import SimLoop
from simulation.engine.process import CURRENT, Process

FAST_SECONDS = (0.001, 0.008)
"""One way to a store that works."""
SLOW_SECONDS = (0.02, 0.6)
WORKS_SECONDS = 0.15
"""A store that takes longer for one way does not count as working."""


class Fault(StrEnum):
    """What can be wrong with a store."""

    DOWN = "down"
    """No call gets an answer."""
    FAILS = "fails"
    """Some calls are refused, with nothing done."""
    LOSES_ANSWERS = "loses answers"
    """Some calls succeed in the store, and their responses are lost."""
    SLOW = "slow"
    FULL = "full"
    """Writes are refused."""


@dataclass(slots=True)
class Window:
    """A fault for a while; `process` is the only one that it concerns, None: all."""

    fault: Fault
    until: float
    share: float = 1.0
    """How many of the calls it hits."""
    process: Process | None = None


@dataclass(slots=True)
class Conditions:
    """One store's."""

    name: str
    loop: SimLoop
    random: Random
    fired: Counter[str]
    """How often each fault has hit a call."""
    windows: list[Window] = field(default_factory=list)
    _healthy_since: float = -1000.0
    _healthy_since_for: dict[Process, float] = field(default_factory=dict)

    def begin(self, window: Window) -> None:
        self.windows.append(window)

    def heal(self) -> None:
        """Everything works from now on."""
        for window in self.windows:
            window.until = min(window.until, self.loop.time())
        self._expire()

    def fault(self) -> Fault | None:
        """What hits a call of the current process, which now comes to the store."""
        if not self.windows:
            return None
        self._expire()
        process = CURRENT.get()
        for window in self.windows:
            if window.process is not None and window.process is not process:
                continue
            if window.share >= 1 or self.random.random() < window.share:
                self.fired[f"{self.name} {window.fault}"] += 1
                return window.fault
        return None

    def is_down(self) -> bool:
        """For the current process, without counting it."""
        self._expire()
        process = CURRENT.get()
        return any(w.fault is Fault.DOWN and w.process in {None, process} for w in self.windows)

    def way_seconds(self, fault: Fault | None) -> float:
        """How long a call or its answer is under way."""
        low, high = SLOW_SECONDS if fault is Fault.SLOW else FAST_SECONDS
        return low + (high - low) * self.random.random()

    def disturbed(self, seconds: float = 0.0) -> None:
        """Records a fault that its users need this long to notice or recover from."""
        self._healthy_since = max(self._healthy_since, self.loop.time() + seconds)

    def works_since(self, *processes: Process) -> float:
        """Since when it has worked for all of these processes; the future: it does not."""
        self._expire()
        since = max([self._healthy_since, *(self._healthy_since_for.get(process, -1000.0) for process in processes)])
        for window in self.windows:
            if window.process is None or window.process in processes:
                since = max(since, window.until)
        return since

    def _expire(self) -> None:
        now = self.loop.time()
        if any(window.until <= now for window in self.windows):
            for window in self.windows:
                if window.until <= now:
                    self._note_end(window)
            self.windows = [window for window in self.windows if window.until > now]

    def _note_end(self, window: Window) -> None:
        if window.process is None:
            self._healthy_since = max(self._healthy_since, window.until)
        else:
            known = self._healthy_since_for.get(window.process, -1000.0)
            self._healthy_since_for[window.process] = max(known, window.until)
