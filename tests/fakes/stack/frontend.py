"""A frontend of the running stack, over real sockets."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx

from fakes import sse
from fakes.stack.process import RunningStack

MODEL = "gpt-5.6-luna"
CLAUDE = "claude-haiku-4-5"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event and when it arrived, in seconds of the monotonic clock."""

    at: float
    event: sse.Event


class Frontend:
    """One signed-in user."""

    def __init__(self, stack: RunningStack, user: str, tier: str = "PRO") -> None:
        self.stack = stack
        self.client = httpx.Client(
            base_url=stack.url, headers={"authorization": f"Bearer {stack.token(user, tier)}"}, timeout=60
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def start(self, prompt: str, *, model: str = MODEL, **fields: Any) -> dict[str, str]:
        answer = self.client.post("/chat/start", json={"modelId": model, "prompt": prompt, **fields})
        assert answer.status_code == 201, answer.text
        started: dict[str, str] = answer.json()
        return started

    @contextmanager
    def stream(self, session_id: str, **query: Any) -> Iterator[Iterator[Arrival]]:
        """The events as they arrive; leaving it closes the connection."""
        params = {"sessionId": session_id, **query}
        with self.client.stream("GET", "/chat/stream", params=params) as answer:
            assert answer.status_code == 200, answer.read()
            yield _arrivals(answer)

    def read(self, session_id: str, **query: Any) -> list[sse.Event]:
        """A whole stream."""
        with self.stream(session_id, **query) as arrivals:
            events = [arrival.event for arrival in arrivals]
        sse.check_stream(events)
        return events

    def ask(self, prompt: str, **fields: Any) -> list[sse.Event]:
        return self.read(self.start(prompt, **fields)["sessionId"])

    def history(self, chat_id: str) -> list[dict[str, Any]]:
        answer = self.client.get("/chat/history", params={"chatId": chat_id, "limit": 200})
        assert answer.status_code == 200, answer.text
        messages: list[dict[str, Any]] = answer.json()["messages"]
        return messages

    def provider_calls(self, prompt: str) -> dict[str, int]:
        """What the demo provider counted for prompts with that text."""
        answer = httpx.get(f"{self.stack.address_of('demo')}/demo/calls", params={"contains": prompt})
        counts: dict[str, int] = answer.json()
        return counts


def _arrivals(answer: httpx.Response) -> Iterator[Arrival]:
    block = b""
    for chunk in answer.iter_raw():
        block += chunk
        *whole, block = block.split(b"\n\n")
        for part in whole:
            for event in sse.parse(part + b"\n\n"):
                yield Arrival(time.monotonic(), event)
