"""What a stream is told that finds no slot."""

import pytest

from chat.errors import TooManyRequestsError
from chat.limits import SLOT_SECONDS, take_slot
from fakes.memory_limits import MemoryStreamSlots

NOW = 1_800_000_000.0


def test_a_slot_that_is_there_is_taken() -> None:
    slots = MemoryStreamSlots()
    take_slot(slots, "alice", "one", 1, NOW)
    assert slots.held == {"alice": {"one": NOW + SLOT_SECONDS}}


@pytest.mark.parametrize(("seconds", "wait"), [(0.0, 60), (0.25, 60), (59.0, 1), (59.999, 1)])
def test_no_slot_is_a_refusal_that_says_how_long_to_wait(seconds: float, wait: int) -> None:
    slots = MemoryStreamSlots()
    take_slot(slots, "alice", "one", 1, NOW)
    with pytest.raises(TooManyRequestsError) as refusal:
        take_slot(slots, "alice", "two", 1, NOW + seconds)
    assert (refusal.value.code, refusal.value.http_status, refusal.value.retryable) == ("too_many_streams", 429, True)
    assert refusal.value.extensions == {"retryAfterSeconds": wait}
