"""Limits per user: sessions started per minute, and answers generated at the same time.

    slots = DynamoStreamSlots(tables)

The rate limiter counts in Redis while it is available, and in DynamoDB otherwise. Slots are stored in DynamoDB only:
two independent stores would each grant as many as the limit allows.
"""

from chat.limits.rates import Allowance, RateLimitedError, RateLimiter, rate_limit_headers
from chat.limits.slots import SLOT_SECONDS, Slot, SlotsFullError, StreamSlots, take_slot

__all__ = [
    "SLOT_SECONDS",
    "Allowance",
    "RateLimitedError",
    "RateLimiter",
    "Slot",
    "SlotsFullError",
    "StreamSlots",
    "rate_limit_headers",
    "take_slot",
]
