"""What a number of runs came to: how fast, what went wrong on purpose how often, which promises were broken."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from simulation.plan import Kind
from simulation.run import Result
from simulation.world.conditions import Fault

FAULTS = (
    *(
        kind.value
        for kind in (
            Kind.CUT,
            Kind.RELOAD,
            Kind.OPEN_AGAIN,
            Kind.STOP,
            Kind.LEAVE,
            Kind.TRY_AGAIN,
            Kind.HISTORY,
            Kind.FREEZE,
            Kind.KILL,
            Kind.FREEZE_EARLY,
            Kind.KILL_EARLY,
            Kind.FREEZE_ATTACHING,
            Kind.SIGTERM,
            Kind.DEPLOY,
            Kind.CLEANUP,
            Kind.REDIS_LOSES_ALL,
            Kind.REDIS_EVICTS,
        )
    ),
    *(f"Redis {fault}" for fault in Fault),
    *(f"DynamoDB {fault}" for fault in Fault if fault is not Fault.FULL),
    "rate limit refuses",
    *(f"provider {what}" for what in ("thinks", "stalls", "breaks off", "refuses", "falls silent")),
)
"""All that can happen: one that never does is simulated by name only."""


@dataclass(slots=True)
class Summary:
    """Counts of runs."""

    runs: int = 0
    chats: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    broken: list[Result] = field(default_factory=list)
    _began: float = field(default_factory=time.process_time)

    def add(self, result: Result) -> None:
        self.runs += 1
        self.chats += result.chats
        self.fired += result.fired
        if result.broken is not None:
            self.broken.append(result)

    def never(self) -> list[str]:
        """Faults that have not happened."""
        return [fault for fault in FAULTS if not self.fired[fault]]

    def lines(self) -> Iterable[str]:
        """The summary, as text."""
        seconds = max(time.process_time() - self._began, 1e-9)
        yield (
            f"{self.runs} runs, {self.chats} chats in {seconds:.1f} s of one core: "
            f"{self.runs / seconds:.0f} runs/s, {self.chats / seconds:.0f} chats/s"
        )
        for fault in FAULTS:
            yield f"  {self.fired[fault]:8}  {fault}"
