"""Reads the providers' keys from AWS Secrets Manager."""

from chat.errors import ProviderError
from chat_stream.providers.errors import log_failure

_LABEL = "AWS Secrets Manager"

MAX_AGE_SECONDS = 60
"""How long a secret is cached. A replaced key takes effect after this."""


def read_secret(arn: str) -> str:
    """Reads the text of a secret. Blocks.

    Raises:
        ProviderError: `provider_unavailable`: Secrets Manager does not answer or refuses, or the secret is binary.
    """
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

    from chat.secrets_manager import secrets_provider

    try:
        text = secrets_provider().get(arn, max_age=MAX_AGE_SECONDS)
    except GetParameterError as error:
        log_failure(_LABEL, ProviderError.default_code, error, reason="keys not read")
        raise ProviderError("The keys of the models' providers cannot be read at the moment.") from error
    if not isinstance(text, str):
        log_failure(_LABEL, ProviderError.default_code, reason="keys not text")
        raise ProviderError("The secret with the keys of the models' providers is not text.", retryable=False)
    return text
