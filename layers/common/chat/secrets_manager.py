"""AWS Secrets Manager, through Powertools Parameters: one client for a process, created on first use."""

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider

CONNECT_TIMEOUT_SECONDS = 2
READ_TIMEOUT_SECONDS = 3


@functools.cache
def secrets_provider() -> "SecretsProvider":
    """Reads secrets, and caches each for the time its reader gives."""
    from aws_lambda_powertools.utilities.parameters import SecretsProvider
    from botocore.config import Config

    return SecretsProvider(
        boto_config=Config(
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS,
            retries={"total_max_attempts": 2, "mode": "standard"},
        )
    )
