"""The cleanup function's settings."""

from typing import Annotated

from pydantic import Field

from chat.settings import Seconds, StorageSettings


class CleanupSettings(StorageSettings):
    """The concurrency, margins and timeouts of a cleanup run."""

    cleanup_threads: Annotated[int, Field(ge=1, le=40)] = 16
    """The number of concurrent calls to DynamoDB."""
    cleanup_margin_seconds: Seconds = 30
    """How long before Lambda's deadline a run stops ending sessions: a call that hangs takes at most 21 s.

    At most a quarter of the time that is left when the run starts.
    """
    cleanup_dead_lease_seconds: Seconds = 10
    """How long ago a lease must have lapsed for the cleanup to end the session.

    The producer may only be slow, and no client waits for the cleanup.
    """
    cleanup_redis_seconds: Seconds = 2
    """The timeout of a call to Redis. It is longer than that of a request, because each run opens a new connection."""
