"""Limits per user: sessions started per minute, and concurrent answers.

    slots = DynamoStreamSlots(tables)

The rate limiter uses Redis while it replies, and DynamoDB otherwise. Slots are only in DynamoDB, because two
independent stores would each admit up to the limit.
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
