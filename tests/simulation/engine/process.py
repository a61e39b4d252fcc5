"""Simulated processes: what runs in one can be frozen and killed as a whole."""

from collections import deque
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulation.engine.loop import Handle


class Process:
    """One operating system process. Its callbacks run in the order in which they became ready, as asyncio's do."""

    __slots__ = ("dead", "frozen", "name", "queued", "ready", "skew_seconds", "thawed_at", "version")

    def __init__(self, name: str, *, skew_seconds: float = 0.0, version: int = 1) -> None:
        self.name = name
        self.skew_seconds = skew_seconds
        """How far its clock is ahead."""
        self.version = version
        self.ready: deque[Handle] = deque()
        self.queued = False
        """Whether the loop has it in its list of processes with work."""
        self.frozen = False
        self.thawed_at = 0.0
        """When it went on after its last freeze."""
        self.dead = False


CURRENT: ContextVar[Process] = ContextVar("process")
"""The process of the callback that is running."""
