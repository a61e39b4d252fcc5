"""One tree of errors.

ChatError                     code, status, retryable
├── AuthenticationError       401  token_missing, token_expired, token_invalid
├── ForbiddenError            403  user_disabled, model_not_in_tier
├── NotFoundError             404  session_not_found, chat_not_found, message_not_found, not_found
├── SessionExpiredError       410  session_expired
├── InvalidRequestError       400, 405, 409, 413, 415, 422: the request's own fault
├── TooManyRequestsError      429  too_many_attaches, too_many_streams, rate_limited
├── StorageError              503  storage_unavailable
├── KeysUnavailableError      503  keys_unavailable
├── ProviderError             502  provider_*: what the model's provider did
└── GenerationError           500  interrupted, deadline_exceeded, internal_error

`chat.http.problems` maps the tree to HTTP, `chat.events` to the SSE event `error`; nothing else does.
"""

from typing import Any, ClassVar


class ChatError(Exception):
    """An error for the caller: a stable code, one sentence, and whether a retry can help."""

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal_error"
    default_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        retryable: bool | None = None,
        **extensions: Any,
    ) -> None:
        """`extensions` become further members of the problem document (RFC 9457, section 3.2)."""
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.http_status = status or self.status
        self.retryable = self.default_retryable if retryable is None else retryable
        self.extensions = extensions


class AuthenticationError(ChatError):
    """No valid token."""

    status = 401
    default_code = "token_invalid"


class ForbiddenError(ChatError):
    """Authenticated, but not allowed."""

    status = 403
    default_code = "forbidden"


class NotFoundError(ChatError):
    """It does not exist, or belongs to another user: callers cannot tell the difference."""

    status = 404
    default_code = "not_found"


class SessionExpiredError(ChatError):
    """The caller's own session has expired."""

    status = 410
    default_code = "session_expired"


class InvalidRequestError(ChatError):
    """A request that must be changed before it can succeed."""

    status = 422
    default_code = "invalid_request"


class TooManyRequestsError(ChatError):
    """A limit is exceeded."""

    status = 429
    default_code = "too_many_requests"


class StorageError(ChatError):
    """DynamoDB was unreachable or refused the call."""

    status = 503
    default_code = "storage_unavailable"
    default_retryable = True


class KeysUnavailableError(ChatError):
    """The keys that tokens are signed with cannot be read or fetched."""

    status = 503
    default_code = "keys_unavailable"
    default_retryable = True


class ProviderError(ChatError):
    """The model's provider failed; the codes are listed in `chat_stream.providers.errors`."""

    status = 502
    default_code = "provider_unavailable"
    default_retryable = True


class GenerationError(ChatError):
    """A generation that started and failed."""

    default_code = "internal_error"
    default_retryable = True
