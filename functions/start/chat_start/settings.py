"""The start function's settings."""

from typing import Annotated

from pydantic import Field

from chat.settings import AuthSettings, NonEmpty, StorageSettings


class StartSettings(StorageSettings, AuthSettings):
    """Where idempotency records are kept, and the limits of a prompt and of a session."""

    idempotency_table: NonEmpty
    max_prompt_chars: Annotated[int, Field(ge=1)] = 32_000
    max_body_bytes: Annotated[int, Field(ge=1)] = 524_288
    session_seconds: Annotated[int, Field(ge=1)] = 600
