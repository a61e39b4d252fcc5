"""What a user may do at once: sessions started in a minute, answers being written at the same time.

    slots = DynamoStreamSlots(tables)

The limiter asks Redis while it answers, and DynamoDB otherwise. Slots are DynamoDB's alone: of two stores that know
nothing of each other, each would let in as many as the limit allows.
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
