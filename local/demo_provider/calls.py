"""A record of the calls, for tests: how many there were, which are open, which the client closed."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

_KEPT = 2000


@dataclass(slots=True)
class Call:
    """`client` is the address and port of its connection; `state` is open, completed or closedByClient."""

    path: str
    prompt: str
    body: dict[str, Any]
    client: str
    state: str = "open"


@dataclass(slots=True)
class Calls:
    """The latest calls."""

    _calls: deque[Call] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def add(self, call: Call) -> int:
        """Remembers a call. Returns how many with the very same prompt there were before."""
        before = sum(earlier.prompt == call.prompt and earlier.path == call.path for earlier in self._calls)
        self._calls.append(call)
        return before

    def having(self, text: str) -> list[Call]:
        """The calls whose prompt contains `text`."""
        return [call for call in self._calls if text in call.prompt]

    def counts(self, text: str) -> dict[str, int]:
        """Their number, in all and by state."""
        calls = self.having(text)
        states = ("open", "completed", "closedByClient")
        return {"calls": len(calls)} | {state: sum(call.state == state for call in calls) for state in states}
