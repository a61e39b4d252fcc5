"""The start function's settings."""

from typing import Annotated

from pydantic import Field

from chat.settings import AuthSettings, NonEmpty, StorageSettings


class StartSettings(StorageSettings, AuthSettings):
    """The table for idempotency records, and the limits of prompts, bodies and sessions."""

    idempotency_table: NonEmpty
    max_prompt_chars: Annotated[int, Field(ge=1)] = 32_000
    max_body_bytes: Annotated[int, Field(ge=1)] = 524_288
    session_seconds: Annotated[int, Field(ge=1)] = 600
