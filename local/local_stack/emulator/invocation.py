"""One invocation of a function, and the port that receives its response."""

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from typing import Protocol

HTTP_INTEGRATION_RESPONSE = "application/vnd.awslambda.http-integration-response"


class ResponseSink(Protocol):
    """Receives an invocation's response as it arrives. No method raises."""

    async def begin(self, content_type: str) -> None:
        """The response starts."""

    async def write(self, data: bytes) -> None:
        """A piece of the response. Applies backpressure: waits while the receiver is slow."""

    async def end(self) -> None:
        """The response is complete."""

    async def fail(self, error_type: str) -> None:
        """The function failed, before or during the response. No call follows."""


@dataclass(slots=True, eq=False)
class EmulatedInvocation:
    """An event that a sandbox processes. `event` is JSON."""

    event: bytes
    response: ResponseSink
    timeout_seconds: float
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    invocation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = 0.0
    """Monotonic time in seconds; 0: not yet."""
    ended: float = 0.0
    """When the response was complete, by the same clock."""
    deadline_ms: int = 0
    """Milliseconds since the epoch."""
    failed: bool = False
    responding: bool = False
    """The runtime has started to send a response or an error."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the response has been delivered completely or has failed."""

    @property
    def trace_id(self) -> str:
        """In X-Ray's format: docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html, "Tracing header"."""
        root = f"1-{int(time.time()):08x}-{self.request_id.replace('-', '')[:24]}"
        return f"Root={root};Parent={self.invocation_id.replace('-', '')[:16]};Sampled=0"

    def start(self) -> None:
        """Starts the clock of the function's timeout."""
        self.started = time.monotonic()
        self.deadline_ms = int((time.time() + self.timeout_seconds) * 1000)

    async def end(self) -> None:
        """Completes the response."""
        if not self.over.is_set():
            await self.response.end()
            self.over.set()

    async def fail(self, error_type: str) -> None:
        """Fails the response; a second call has no effect."""
        if not self.over.is_set():
            self.failed = True
            await self.response.fail(error_type)
            self.over.set()
