"""What can go wrong with a provider, and how the SDKs' errors become that.

code                    retryable
provider_unavailable    yes   cannot be reached, or fails (408, 409, 5xx)
provider_timeout        yes   no first token in time, or silence in the middle
provider_rate_limited   yes   429; `retryAfter` (seconds) if the provider says so
provider_interrupted    yes   the connection broke, or the stream ended, after text and before its end
provider_bad_response   yes   an event that cannot be read
provider_empty          yes   an answer without text (a refusal without text is not worth a retry)
provider_rejected       no    the request itself: too long, not valid
provider_misconfigured  no    key, permission, quota, model's name: this service's operator must act

Decided by exception types, statuses and the providers' error codes, never by the wording of messages.
"""

import json
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

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

_BY_STATUS = {
    401: "provider_misconfigured",
    402: "provider_misconfigured",
    403: "provider_misconfigured",
    404: "provider_misconfigured",
    408: "provider_unavailable",
    409: "provider_unavailable",
    429: "provider_rate_limited",
}
_BY_KIND = {
    # OpenAI: https://platform.openai.com/docs/guides/error-codes
    "insufficient_quota": "provider_misconfigured",
    "rate_limit_exceeded": "provider_rate_limited",
    "server_error": "provider_unavailable",
    # Anthropic: https://docs.anthropic.com/en/api/errors
    "authentication_error": "provider_misconfigured",
    "billing_error": "provider_misconfigured",
    "permission_error": "provider_misconfigured",
    "not_found_error": "provider_misconfigured",
    "rate_limit_error": "provider_rate_limited",
    "timeout_error": "provider_timeout",
    "api_error": "provider_unavailable",
    "overloaded_error": "provider_unavailable",
    "request_too_large": "provider_rejected",
    # both
    "invalid_request_error": "provider_rejected",
}
_SERVER_ERROR = 500
_CLIENT_ERROR = 400


class MalformedEventError(Exception):
    """An event of a shape that the provider does not document."""


@dataclass(frozen=True, slots=True)
class SdkErrors:
    """An SDK's exception types, by what they mean. `status` has `status_code`, `response` and what `reported` has."""

    status: type[Exception]
    timeout: tuple[type[Exception], ...]
    connection: tuple[type[Exception], ...]
    malformed: tuple[type[Exception], ...]
    reported: type[Exception]
    """Whatever else the provider said was wrong; its `type` and `code` are the provider's own, if it gave any."""


@dataclass(slots=True)
class Progress:
    """How far an answer has come."""

    has_text: bool = False


def provider_error(
    label: str, code: str, *, retryable: bool | None = None, retry_after: float | None = None
) -> ProviderError:
    """The error of that code, in a sentence about the provider called `label`; `retry_after` is in seconds."""
    extensions = {} if retry_after is None else {"retryAfter": math.ceil(retry_after)}
    return ProviderError(
        _SENTENCES[code].format(label),
        code=code,
        retryable=code not in _FINAL if retryable is None else retryable,
        **extensions,
    )


@contextmanager
def translated(label: str, sdk: SdkErrors, progress: Progress) -> Iterator[None]:
    """Turns an SDK's errors into `ProviderError`; what is no such error passes."""
    try:
        yield
    except Exception as error:
        code = _code(error, sdk, progress)
        if code is None:
            raise
        headers = error.response.headers if isinstance(error, sdk.status) else {}  # type: ignore[attr-defined]
        raise provider_error(label, code, retry_after=retry_after_seconds(headers)) from error


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """What `retry-after` says (RFC 9110, section 10.2.3: seconds or a date), never negative; None: nothing usable."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _code(error: Exception, sdk: SdkErrors, progress: Progress) -> str | None:
    if isinstance(error, sdk.timeout):
        return "provider_timeout"
    if isinstance(error, sdk.connection):
        return "provider_interrupted" if progress.has_text else "provider_unavailable"
    if isinstance(error, (*sdk.malformed, MalformedEventError, json.JSONDecodeError, UnicodeDecodeError)):
        return "provider_bad_response"
    if isinstance(error, sdk.reported):
        return _reported_code(error, sdk)
    return None


def _reported_code(error: Exception, sdk: SdkErrors) -> str:
    """An error that the provider reported: as a status, or as an event within a stream, whose status was 200."""
    kinds = [str(getattr(error, name, None)) for name in ("code", "type")]
    if "insufficient_quota" in kinds:  # a 429 that no waiting cures
        return _BY_KIND["insufficient_quota"]
    status = getattr(error, "status_code", 0) if isinstance(error, sdk.status) else 0
    if status < _CLIENT_ERROR:
        for kind in kinds:
            if kind in _BY_KIND:
                return _BY_KIND[kind]
        status = next((int(kind) for kind in kinds if kind.isascii() and kind.isdigit()), _SERVER_ERROR)
    return _BY_STATUS.get(status, "provider_unavailable" if status >= _SERVER_ERROR else "provider_rejected")
