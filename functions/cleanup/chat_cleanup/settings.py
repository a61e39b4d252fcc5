"""The cleanup function's settings."""

from typing import Annotated

from pydantic import Field

from chat.settings import Seconds, StorageSettings


class CleanupSettings(StorageSettings):
    """How much it does at a time, and what it leaves room for."""

    cleanup_threads: Annotated[int, Field(ge=1, le=40)] = 16
    """Calls to DynamoDB at the same time."""
    cleanup_margin_seconds: Seconds = 30
    """So long before Lambda's deadline it begins to end no more sessions: a call that hangs takes 21 s at worst. Where
    the deadline is near from the start, a quarter of the time."""
    cleanup_dead_lease_seconds: Seconds = 10
    """How long a lease must have been expired: its producer may only be slow, and the cleanup is in no hurry."""
    cleanup_redis_seconds: Seconds = 2
    """For a call to Redis: longer than a request may take, for the connection is new each time."""
