"""Idempotency-Key: requests with the same key and body get the same session, until it would expire unstarted.

Powertools Idempotency stores the records and imports boto3, so this module is imported only when the first key arrives.
"""

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)
from botocore.config import Config

from chat.errors import InvalidRequestError, StorageError
from chat_start.requests import IdempotentCreate, Prompt, Regeneration, StartedSession

CONNECT_TIMEOUT_SECONDS = 2
READ_TIMEOUT_SECONDS = 5
_KEY = re.compile("[ -~]{1,255}")


class Idempotency:
    """Stores, by user and key, the session that a request got."""

    def __init__(self, table: str, *, record_seconds: int) -> None:
        self._record_seconds = record_seconds
        self._store = DynamoDBPersistenceLayer(
            table,
            boto_config=Config(
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                read_timeout=READ_TIMEOUT_SECONDS,
                retries={"total_max_attempts": 3, "mode": "standard"},
            ),
        )

    def once(self, key: str, lambda_context: Any) -> IdempotentCreate:
        """Returns the `IdempotentCreate` for one request with that key.

        `lambda_context` gives the end of the invocation. After that, a request that died is no longer "in progress".

        Raises:
            InvalidRequestError: the key is not 1 to 255 printable ASCII characters.
        """
        if not _KEY.fullmatch(key):
            message = "The key must have 1 to 255 printable ASCII characters."
            raise InvalidRequestError(message, errors=[{"field": "Idempotency-Key", "message": message}])

        def once(asked: Prompt | Regeneration, create: Callable[[], StartedSession]) -> StartedSession:
            def run(*, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001  # Powertools reads the argument
                return asdict(create())

            guarded = idempotent_function(
                run,
                data_keyword_argument="request",
                persistence_store=self._store,
                config=self._config(lambda_context),
                key_prefix="start",
            )
            with _Translated():
                # For a prompt, these are the fields of version 0.1.0, so that its records stay valid.
                return StartedSession(**guarded(request={"key": [asked.user_id, key], "prompt": asdict(asked)}))

        return once

    def _config(self, lambda_context: Any) -> IdempotencyConfig:
        return IdempotencyConfig(
            event_key_jmespath="key",
            payload_validation_jmespath="prompt",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=self._record_seconds,
            hash_function="sha256",
            lambda_context=lambda_context,
        )


class _Translated:
    """Translates Powertools' errors to this service's errors."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        match error:
            case IdempotencyValidationError():
                raise InvalidRequestError(
                    "This Idempotency-Key was used with another request.", code="idempotency_key_reused"
                ) from error
            case IdempotencyAlreadyInProgressError() | IdempotencyInconsistentStateError():
                raise InvalidRequestError(
                    "The first request with this Idempotency-Key is still running.",
                    code="idempotency_in_progress",
                    status=409,
                    retryable=True,
                ) from error
            case IdempotencyPersistenceLayerError():
                raise StorageError("The storage does not answer; try again.") from error
