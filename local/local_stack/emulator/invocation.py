"""One invocation of a function, and the port to where its answer goes."""

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from typing import Protocol

HTTP_INTEGRATION_RESPONSE = "application/vnd.awslambda.http-integration-response"


class Answer(Protocol):
    """Takes an invocation's answer as it comes. None of the methods raises."""

    async def begin(self, content_type: str) -> None:
        """The answer begins."""

    async def write(self, data: bytes) -> None:
        """Some of it. Waits while the receiver is slow."""

    async def end(self) -> None:
        """It is complete."""

    async def fail(self, error_type: str) -> None:
        """The function failed, before the answer or within it. Nothing follows."""


@dataclass(slots=True, eq=False)
class EmulatedInvocation:
    """An event on its way through a sandbox. `event` is JSON."""

    event: bytes
    answer: Answer
    timeout_seconds: float
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    invocation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = 0.0
    """By the monotonic clock; 0: not yet."""
    ended: float = 0.0
    """When the answer was complete, by the same clock."""
    deadline_ms: int = 0
    """Milliseconds since the epoch."""
    failed: bool = False
    answering: bool = False
    """The runtime has begun to send an answer or an error."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the answer has been handed on to its end, or failed."""

    @property
    def trace_id(self) -> str:
        """As X-Ray writes it: docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html, "Tracing header"."""
        root = f"1-{int(time.time()):08x}-{self.request_id.replace('-', '')[:24]}"
        return f"Root={root};Parent={self.invocation_id.replace('-', '')[:16]};Sampled=0"

    def start(self) -> None:
        """Starts the clock of the function's timeout."""
        self.started = time.monotonic()
        self.deadline_ms = int((time.time() + self.timeout_seconds) * 1000)

    async def end(self) -> None:
        """The answer is complete."""
        if not self.over.is_set():
            await self.answer.end()
            self.over.set()

    async def fail(self, error_type: str) -> None:
        """The function failed; a second failure changes nothing."""
        if not self.over.is_set():
            self.failed = True
            await self.answer.fail(error_type)
            self.over.set()
