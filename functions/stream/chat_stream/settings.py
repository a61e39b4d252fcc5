"""The stream function's settings."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from chat.settings import AuthSettings, Seconds, StorageSettings

DEFAULT_SYSTEM_PROMPT = "You are a helpful assistant. Answer in the language of the question. Use Markdown."


class StreamSettings(StorageSettings, AuthSettings):
    """What decides how a stream behaves; the providers' settings are theirs."""

    system_prompt: str = DEFAULT_SYSTEM_PROMPT
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    attaches_per_minute: Annotated[int, Field(ge=1)] = 30
    """Of one session, in a minute of the clock; one that is to produce is never refused."""
    lease_seconds: Seconds = 6
    checkpoint_seconds: Seconds = 2
    """The text that a killed process can lose."""
    stop_poll_seconds: Seconds = 1
    """How often a producer renews its lease and looks whether it is to stop."""
    follow_poll_seconds: Seconds = 0.5
    ping_seconds: Seconds = 15
    deadline_margin_seconds: Seconds = 5
    """Kept free before Lambda's deadline, to store the partial answer and say so."""

    @model_validator(mode="after")
    def _check_lease(self) -> Self:
        if self.lease_seconds < 2 * max(self.stop_poll_seconds, self.checkpoint_seconds):
            raise ValueError("LEASE_SECONDS must be at least twice STOP_POLL_SECONDS and CHECKPOINT_SECONDS")
        return self
