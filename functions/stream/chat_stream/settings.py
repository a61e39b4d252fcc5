"""The stream function's settings."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from chat.settings import AuthSettings, Seconds, StorageSettings

DEFAULT_SYSTEM_PROMPT = "You are a helpful assistant. Answer in the language of the question. Use Markdown."


class StreamSettings(StorageSettings, AuthSettings):
    """Settings of streams and generations. The providers have their own, `ProviderSettings`."""

    system_prompt: str = DEFAULT_SYSTEM_PROMPT
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    attaches_per_minute: Annotated[int, Field(ge=1)] = 30
    """Attaches to one session allowed per clock minute. An attach that becomes the producer is never refused."""
    lease_seconds: Seconds = 6
    checkpoint_seconds: Seconds = 2
    """The longest time between checkpoints of new text. Without an event log, a killed process loses that much text."""
    stop_poll_seconds: Seconds = 1
    """How often a producer renews its lease and checks for a stop request."""
    follow_poll_seconds: Seconds = 0.5
    """How often a follower reads the session record while the event log is unavailable."""
    ping_seconds: Seconds = 15
    """The longest silence on a stream before a ping is sent."""
    deadline_margin_seconds: Seconds = 5
    """Time reserved before Lambda's deadline for storing the partial answer and sending the terminal event."""

    @model_validator(mode="after")
    def _check_lease(self) -> Self:
        if self.lease_seconds < 2 * max(self.stop_poll_seconds, self.checkpoint_seconds):
            raise ValueError("LEASE_SECONDS must be at least twice STOP_POLL_SECONDS and CHECKPOINT_SECONDS")
        return self
