"""What happened in a run: faults and actions, counted, and their history."""

from collections import Counter

from simulation.engine.loop import SimLoop
from simulation.plan import Action


class Record:
    """Kept during a run."""

    def __init__(self, loop: SimLoop, *, keeps_history: bool) -> None:
        self.fired: Counter[str] = Counter()
        """How often each fault or action happened."""
        self.history: list[tuple[float, str, str]] = []
        """Time, actor, and what it does; empty unless it is kept."""
        self._loop = loop
        self._keeps_history = keeps_history

    def note(self, actor: str, what: str) -> None:
        if self._keeps_history:
            self.history.append((self._loop.time(), actor, what))

    def happened(self, action: Action, actor: str, what: str | None = None) -> None:
        """An action of the plan was carried out."""
        self.fired[str(action.kind)] += 1
        self.note(actor, what or str(action.kind))
