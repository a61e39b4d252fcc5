"""One connection of a client to a stream: what the server sends, and how much of it arrives."""

import asyncio
import json
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from chat.sessions import Viewer
from simulation.engine.process import Process


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event; `id` is None if it has none."""

    id: int | None
    data: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.data["type"])


@dataclass(slots=True)
class Connection:
    """Events that the server has sent, whether or not anybody still reads them."""

    session_id: str
    viewer: Viewer
    process: Process
    opened_at: float
    seen: int
    """What the client has when it connects."""
    on_event: Callable[["Connection", Event], None]
    on_end: Callable[["Connection"], None]
    on_violation: Callable[[str], None]
    time: Callable[[], float]
    position: int = 0
    """The last event id that was sent."""
    deadline: float | None = None
    """When the process stops to serve it."""
    last_sent_at: float = 0.0
    """When the server has last sent anything, a ping included."""
    replaced_at: float | None = None
    """When the database learned of a newer connection of the same client."""
    ended: bool = False
    told_end: bool = False
    """A terminal event, or a refusal, was sent."""
    nothing_left: bool = False
    events: list[Event] = field(default_factory=list)
    _buffer: bytes = b""
    _fields: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> str:
        return self.viewer.key

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """ASGI's."""
        self.last_sent_at = self.time()
        if message["type"] != "http.response.body":
            return
        if message["body"]:
            self._feed(message["body"])
        if not message["more_body"]:
            self.end()

    def end(self, *, nothing_left: bool = False) -> None:
        """The server has closed it."""
        if not self.ended:
            self.ended, self.nothing_left = True, nothing_left
            self.on_end(self)

    def _feed(self, data: bytes) -> None:
        """As a browser reads a stream: an event counts when its blank line has come."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if line:
                name, _, value = line.decode().partition(":")
                if name:
                    self._fields[name] = value.removeprefix(" ")
            elif self._fields:
                fields, self._fields = self._fields, {}
                self._dispatch(fields)

    def _dispatch(self, fields: dict[str, str]) -> None:
        if "data" not in fields:
            self.on_violation(f"a block without data: {fields}")
        event = Event(int(fields["id"]) if "id" in fields else None, json.loads(fields["data"]))
        if event.id is not None:
            self.position = event.id
        self.events.append(event)
        self.on_event(self, event)


CONNECTION: ContextVar[Connection] = ContextVar("connection")
"""The request that is being served."""


async def never() -> MutableMapping[str, Any]:
    """Lambda does not report that a client disconnected."""
    await asyncio.Event().wait()
    raise AssertionError
