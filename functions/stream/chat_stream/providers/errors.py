"""The error codes of provider failures, their messages and their log lines.

code                    retryable
provider_unavailable    yes   the provider cannot be reached, or fails (408, 409, 5xx)
provider_timeout        yes   no first token in time, or no data for too long mid-answer
provider_rate_limited   yes   429
provider_interrupted    yes   the connection or the stream ended after some text, before the answer was complete
provider_bad_response   yes   an event that cannot be parsed, or a response that is no event stream
provider_empty          yes   an answer without text (not retryable if the model refused to answer)
provider_rejected       no    the request itself is too long or invalid
provider_misconfigured  no    key, permission, quota, model name or base URL: the operator must act

Retryable errors carry `retryAfterSeconds` if the provider sends it. `failures` maps the SDKs' errors to these codes.
"""

import math
from typing import Any

from aws_lambda_powertools import Logger

from chat.error_fields import safe_error_fields
from chat.errors import ProviderError

_SENTENCES = {
    "provider_unavailable": "{} is not available at the moment.",
    "provider_timeout": "{} did not answer in time.",
    "provider_rate_limited": "{} is limiting requests from this service at the moment.",
    "provider_interrupted": "{}'s answer broke off.",
    "provider_bad_response": "{} sent a response that cannot be read.",
    "provider_empty": "{} sent an empty answer.",
    "provider_rejected": "{} refused the request; the conversation may be too long for this model.",
    "provider_misconfigured": "This service has no working access to {}.",
}
_FINAL = frozenset({"provider_rejected", "provider_misconfigured"})

logger = Logger()


def provider_error(
    label: str, code: str, *, retryable: bool | None = None, retry_after: float | None = None
) -> ProviderError:
    """The error with that code and a message that names the provider `label`. `retry_after` is in seconds."""
    if retryable is None:
        retryable = code not in _FINAL
    extensions = {}
    if retryable and retry_after is not None:
        extensions["retryAfterSeconds"] = max(1, math.ceil(retry_after))
    return ProviderError(_SENTENCES[code].format(label), code=code, retryable=retryable, **extensions)


def log_failure(label: str, code: str, cause: BaseException | None = None, **details: Any) -> None:
    """Logs a failure, once, where it is detected.

    `details` hold only this service's own words, numbers, and identifiers that `failures` has checked. A provider's
    messages are never logged, because they may quote a prompt, an answer or a key.
    """
    known = {name: value for name, value in details.items() if value is not None}
    logger.warning("provider failed", provider=label, code=code, **known, **safe_error_fields(cause))


def log_refused_usage(label: str) -> None:
    """Logs that an answer's token counts are implausible, so its usage is not counted."""
    logger.warning("provider's usage is implausible", provider=label)
