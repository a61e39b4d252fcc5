"""Records calls for tests: their number, and which are open, completed or closed by the client."""

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
    """The latest calls, up to `_KEPT`."""

    _calls: deque[Call] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def add(self, call: Call) -> int:
        """Records a call. Returns the number of earlier calls with the same prompt."""
        before = sum(earlier.prompt == call.prompt and earlier.path == call.path for earlier in self._calls)
        self._calls.append(call)
        return before

    def having(self, text: str) -> list[Call]:
        """The calls whose prompt contains `text`."""
        return [call for call in self._calls if text in call.prompt]

    def counts(self, text: str) -> dict[str, int]:
        """The number of calls whose prompt contains `text`, total and by state."""
        calls = self.having(text)
        states = ("open", "completed", "closedByClient")
        return {"calls": len(calls)} | {state: sum(call.state == state for call in calls) for state in states}
