"""Rate limits on starting sessions: the port, and its HTTP header fields.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
"""

from dataclasses import dataclass, field
from typing import Protocol

from chat.catalog import TierLimits
from chat.errors import TooManyRequestsError

WINDOW_SECONDS = 60
POLICY = "requests"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Identifies one counted request for `RateLimiter.give_back`: the store that counted it, and its time there."""

    store: str
    at: float
    """In seconds since the epoch, exactly as the store records it."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """A user's remaining requests in the window of `WINDOW_SECONDS` that ends now."""

    limit: int
    remaining: int
    reset_seconds: int
    """Time until one more request is allowed; the whole window if none was used. At least 1."""
    allowed: bool = True
    receipt: Receipt | None = field(default=None, compare=False, repr=False)
    """The receipt of the counted request; None if none was counted."""


class RateLimiter(Protocol):
    """Counts requests by user and limit. Raises `chat.errors.StorageError` if no store can count them."""

    def hit(self, user_id: str, limits: TierLimits) -> Allowance:
        """Counts a request if the limit allows it; `allowed` is the decision."""

    def peek(self, user_id: str, limits: TierLimits) -> Allowance:
        """The current allowance, without counting a request."""

    def give_back(self, user_id: str, limits: TierLimits, used: Allowance) -> None:
        """Undoes the `hit` that returned `used`, if its request failed. Does nothing for a refused `hit`."""


class RateLimitedError(TooManyRequestsError):
    """The rate limit is exceeded; `allowance` has the time of the next allowed request."""

    default_code = "rate_limited"
    default_retryable = True

    def __init__(self, allowance: Allowance) -> None:
        super().__init__(
            f"More than {allowance.limit} requests in {WINDOW_SECONDS} seconds.",
            retryAfterSeconds=allowance.reset_seconds,
        )
        self.allowance = allowance


def rate_limit_headers(allowance: Allowance) -> dict[str, str]:
    """The header fields RateLimit-Policy and RateLimit."""
    return {
        "ratelimit-policy": f'"{POLICY}";q={allowance.limit};w={WINDOW_SECONDS}',
        "ratelimit": f'"{POLICY}";r={allowance.remaining};t={allowance.reset_seconds}',
    }
