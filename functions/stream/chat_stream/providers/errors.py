"""What can go wrong with a provider.

code                    retryable
provider_unavailable    yes   cannot be reached, or fails (408, 409, 5xx)
provider_timeout        yes   no first token in time, or silence in the middle
provider_rate_limited   yes   429
provider_interrupted    yes   the connection broke, or the stream ended, after text and before its end
provider_bad_response   yes   an event that cannot be read, or no event stream
provider_empty          yes   an answer without text (a refusal without text is not worth a retry)
provider_rejected       no    the request itself: too long, not valid
provider_misconfigured  no    key, permission, quota, model's name, address: this service's operator must act

Retryable ones have `retryAfterSeconds` if the provider says when. `failures` makes them of the SDKs' errors.
"""

import math
from typing import Any

from aws_lambda_powertools import Logger

from chat.error_fields import safe_error_fields
from chat.errors import ProviderError

_SENTENCES = {
    "provider_unavailable": "{} is not available at the moment.",
    "provider_timeout": "{} did not answer in time.",
    "provider_rate_limited": "{} takes no more requests from this service at the moment.",
    "provider_interrupted": "{}'s answer broke off.",
    "provider_bad_response": "{} sent something that cannot be read.",
    "provider_empty": "{} sent an empty answer.",
    "provider_rejected": "{} refused the request; the conversation may be too long for this model.",
    "provider_misconfigured": "This service has no working access to {}.",
}
_FINAL = frozenset({"provider_rejected", "provider_misconfigured"})

logger = Logger()


def provider_error(
    label: str, code: str, *, retryable: bool | None = None, retry_after: float | None = None
) -> ProviderError:
    """The error of that code, in a sentence about the provider called `label`; `retry_after` is in seconds."""
    if retryable is None:
        retryable = code not in _FINAL
    extensions = {}
    if retryable and retry_after is not None:
        extensions["retryAfterSeconds"] = max(1, math.ceil(retry_after))
    return ProviderError(_SENTENCES[code].format(label), code=code, retryable=retryable, **extensions)


def log_failure(label: str, code: str, cause: BaseException | None = None, **details: Any) -> None:
    """The one line in the log that each failure gets, where it is found.

    `details` are this service's own words, numbers, and identifiers that `failures` has checked: a provider's messages
    may quote a prompt, an answer or a key.
    """
    known = {name: value for name, value in details.items() if value is not None}
    logger.warning("provider failed", provider=label, code=code, **known, **safe_error_fields(cause))


def log_refused_usage(label: str) -> None:
    """The token counts of an answer are unknown, so they are not counted."""
    logger.warning("provider's usage is not believed", provider=label)
