"""A client of one session, as an EventSource in a page: it reconnects by itself and closes at a terminal event."""

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from chat.sessions import Viewer
from simulation.world.connection import Connection, Event

if TYPE_CHECKING:
    from simulation.world.world import World

RETRY_SECONDS = 2.0
MAX_CONNECTIONS = 40
GIVES_UP_SECONDS = 300.0


@dataclass(slots=True)
class Client:
    """What the page shows is `text`."""

    world: "World"
    name: str
    session_id: str
    user_id: str
    random: Random
    text: str = ""
    seen: int = 0
    terminal: Event | None = None
    refusals: list[dict[str, Any]] = field(default_factory=list)
    nothing_left: bool = False
    closed: bool = False
    connections: int = 0
    _connection: Connection | None = None
    _broken: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def told_all(self) -> bool:
        """It has been told how the answer ended."""
        return self.terminal is not None or self.nothing_left

    async def run(self) -> None:
        """Until the page closes the stream."""
        began = self.world.loop.time()
        while not self.closed and self.connections < MAX_CONNECTIONS:
            if self.world.loop.time() - began > GIVES_UP_SECONDS:
                return
            self._broken.clear()
            self.connections += 1
            viewer = Viewer(self.name, f"{self.name}-{self.connections}")
            self._connection = self.world.connect(
                self.session_id, self.user_id, seen=self.seen, viewer=viewer, receive=self.receive, ended=self.end
            )
            await self._broken.wait()
            self._connection = None
            if not self.closed:
                await asyncio.sleep(self._pause())

    def cut(self) -> None:
        """The network breaks: what is under way is lost, and the client notices."""
        self._connection = None
        self._broken.set()

    def reload(self, *, keeps: bool) -> None:
        """The page reloads, with or without the text it has shown."""
        if not keeps and not self.closed:
            self.text, self.seen = "", 0
        self.cut()

    def receive(self, connection: Connection, event: Event) -> None:
        """An event has arrived."""
        if connection is not self._connection or self.closed:
            return
        if event.type == "token":
            self._take(event)
        elif event.type != "typing":
            if event.id is None:
                self._refused(event)
            else:
                self.terminal = event
                self.closed = True
                self.world.observer.client_ended(self, event)
        if event.id is not None:
            self.seen = event.id

    def end(self, connection: Connection) -> None:
        """The server has closed the connection."""
        if connection is not self._connection:
            return
        if connection.nothing_left:
            self.nothing_left = self.closed = True
            self.world.observer.client_has_all(self)
        self._broken.set()

    def _take(self, event: Event) -> None:
        content = event.data["content"]
        self.text += content
        if event.id != 1 + len(self.text):
            self.world.observer.violated(f"{self.name}: the id {event.id} does not fit {len(self.text)} characters")
        self.world.observer.client_shows(self)

    def _refused(self, event: Event) -> None:
        self.refusals.append(event.data)
        self.closed = not event.data["retryable"]

    def _pause(self) -> float:
        if self.refusals and (after := self.refusals[-1].get("retryAfterSeconds")):
            return min(float(after), 70.0)
        return RETRY_SECONDS * (0.05 + self.random.random())
