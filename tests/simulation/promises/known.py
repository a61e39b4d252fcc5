"""What is known of a run from the outside: the promises are checked against it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chat.sessions import Session
from simulation.engine.process import Process
from simulation.world.connection import Connection, Event

if TYPE_CHECKING:
    from simulation.world.world import World

SETTLED_SECONDS = 2.5
"""How long a store must have worked before it counts: calls that began before have ended, breakers have closed."""
MARGIN_SECONDS = 0.7
"""Clocks differ by less."""


class ViolationError(AssertionError):
    """A promise was broken."""


@dataclass(slots=True)
class Seen:
    """What is known of one session from the outside."""

    user_id: str
    question: str
    prompt_id: str
    emissions: list[tuple[int, float]] = field(default_factory=list)
    """Characters that some client has been sent, and since when."""
    producers: list[tuple[int, Process, float]] = field(default_factory=list)
    """Epoch, process and beginning of each production."""
    terminals: list[Event] = field(default_factory=list)
    beginning: str = ""
    """Of its answer: it names the provider's call that gave it."""
    finished_at: float | None = None
    """When it was first seen to have ended."""
    stopped_at: float | None = None
    """When a stop was accepted while it was being produced."""

    @property
    def shown(self) -> int:
        return self.emissions[-1][0] if self.emissions else 0


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation that runs: the session as it was attached to, and the request that runs it."""

    session: Session
    connection: Connection

    @property
    def process(self) -> Process:
        return self.connection.process


class Known:
    """The sessions of a run and what is written, as seen so far."""

    def __init__(self) -> None:
        self.sessions: dict[str, Seen] = {}
        self.answers: dict[str, str] = {}
        """What was stored as a session's answer when it was first seen there."""
        self.generations: dict[tuple[str, int], Generation] = {}
        """Those that run, by session and epoch; of a killed process, those that ran."""
        self.broken: str | None = None
        """The first promise that was broken."""
        self.world: World

    @property
    def now(self) -> float:
        return self.world.loop.time()

    def violated(self, promise: str) -> None:
        """Raises ViolationError."""
        self.broken = self.broken or promise  # recorded even if a caller catches the error
        raise ViolationError(promise)

    def producer_of(self, session_id: str) -> Generation | None:
        """The generation that holds the session's newest lease, if its process lives."""
        session = self.world.stored.sessions.get(session_id)
        generation = None if session is None else self.generations.get((session_id, session.epoch))
        return None if generation is None or generation.process.dead else generation

    def stored_answer(self, session_id: str) -> str | None:
        for chat in self.world.stored.messages.values():
            for message in chat.values():
                if message.session_id == session_id and message.role == "assistant":
                    return message.content
        return None
