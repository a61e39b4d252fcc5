"""Translates the SDKs' exceptions and the errors a provider reports to this service's error codes.

The translation uses exception types, statuses and the providers' error codes, never the wording of messages.
"""

import re
from dataclasses import dataclass

import httpx2

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
    # Both.
    "invalid_request_error": "provider_rejected",
}
_REDIRECTION, _CLIENT_ERROR, _SERVER_ERROR = 300, 400, 500
_ERROR_STATUS = re.compile(r"[45][0-9]{2}")


class MalformedEventError(Exception):
    """An event that cannot be parsed, is too large, or has a shape that the provider does not document."""


class UnreadableRefusalError(httpx2.TransportError):
    """A refusal whose body could not be read. The SDKs treat it as a connection error and retry."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__("")
        self.response = response


class ReportedError(Exception):
    """An error that the provider reported within a stream whose status was 200."""

    def __init__(self, *kinds: object) -> None:
        """`kinds` are the codes and types the provider gave the error, as strings or integers."""
        super().__init__()
        self.kinds = tuple(str(kind) for kind in kinds if isinstance(kind, str | int))


@dataclass(frozen=True, slots=True)
class SdkErrors:
    """An SDK's exception types by meaning. `status` has `status_code`, `response` and the fields of `reported`."""

    status: type[Exception]
    timeout: type[Exception]
    connection: type[Exception]
    malformed: type[Exception]
    reported: type[Exception]
    """Any other error the provider reported. Its `type` and `code` are the provider's own, if any."""


def code_of(error: Exception, sdk: SdkErrors, *, has_text: bool) -> str | None:
    """The error code for `error`, or None if the provider did not cause it.

    `has_text`: the answer already had some text.
    """
    if not isinstance(error, sdk.status) and (refusal := refusal_in(error, sdk)) is not None:
        return _reported_code((), refusal.status_code)
    if isinstance(error, (sdk.timeout, httpx2.TimeoutException)):
        return "provider_timeout"
    if isinstance(error, (sdk.connection, httpx2.TransportError, OSError)):
        return "provider_interrupted" if has_text else "provider_unavailable"
    if isinstance(error, (sdk.malformed, httpx2.DecodingError, MalformedEventError)):
        return "provider_bad_response"
    if isinstance(error, (sdk.reported, ReportedError)):
        return _reported_code(kinds_of(error), error.status_code if isinstance(error, sdk.status) else 0)  # type: ignore[attr-defined]
    return None


def refusal_in(error: BaseException | None, sdk: SdkErrors) -> httpx2.Response | None:
    """The provider's refusal that caused `error`, or None if something else did."""
    while error is not None:
        if isinstance(error, (sdk.status, UnreadableRefusalError)):
            response: httpx2.Response = error.response  # type: ignore[attr-defined]
            return response
        error = error.__cause__
    return None


def kinds_of(error: Exception) -> tuple[str, ...]:
    """The provider's own codes and types for the error."""
    if isinstance(error, ReportedError):
        return error.kinds
    return tuple(kind for name in ("code", "type") if isinstance(kind := getattr(error, name, None), str))


def _reported_code(kinds: tuple[str, ...], status: int) -> str:
    """The error code for an error the provider reported. `status` is 0 if it came as an event."""
    if "insufficient_quota" in kinds:  # a 429 that waiting does not resolve
        return _BY_KIND["insufficient_quota"]
    if _REDIRECTION <= status < _CLIENT_ERROR:  # the base URL is wrong: redirects are not followed
        return "provider_misconfigured"
    if status < _CLIENT_ERROR:
        for kind in kinds:
            if kind in _BY_KIND:
                return _BY_KIND[kind]
        status = next((int(kind) for kind in kinds if _ERROR_STATUS.fullmatch(kind)), _SERVER_ERROR)
    return _BY_STATUS.get(status, "provider_unavailable" if status >= _SERVER_ERROR else "provider_rejected")
