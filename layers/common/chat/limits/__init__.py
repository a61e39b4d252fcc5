"""What a user may do at once: sessions started in a minute, answers being written at the same time.

    limiter = build_rate_limiter(redis_settings, tables)
    slots = build_stream_slots(redis_settings, tables)

Both ask Redis while it answers, and DynamoDB otherwise.
"""

from chat.limits.build import build_rate_limiter, build_stream_slots
from chat.limits.rates import Allowance, RateLimitedError, RateLimiter, rate_limit_headers
from chat.limits.slots import SLOT_SECONDS, StreamSlots, take_slot

__all__ = [
    "SLOT_SECONDS",
    "Allowance",
    "RateLimitedError",
    "RateLimiter",
    "StreamSlots",
    "build_rate_limiter",
    "build_stream_slots",
    "rate_limit_headers",
    "take_slot",
]
