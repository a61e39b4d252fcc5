"""StreamSlots compared with a model, over any sequence of calls."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.ids import new_id
from chat.limits import SLOT_SECONDS, Slot, SlotsFullError, StreamSlots
from chat.limits.slots import acquired_until, renewed_until

NOW = 1_800_000_000.25
LIMIT = 2
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["acquire", "acquire", "renew", "give_back", "release", "drop", "wait"]),
        st.sampled_from("abcd"),
        st.sampled_from([0.0, 0.001, 1.0, 30.0, 59.999, 60.0]),
    ),
    max_size=25,
)


class Reckoning:
    """A user's slots and the clock, and the same calls upon the real slots."""

    def __init__(self, slots: StreamSlots) -> None:
        self.slots = slots
        self.user_id = new_id()
        self.now = NOW
        self.held: dict[str, float] = {}
        self.got: dict[str, Slot] = {}
        """What each session's latest acquire gave."""
        self.seen: dict[str, float] = {}
        """The holders that the latest refusal named."""

    @property
    def live(self) -> dict[str, float]:
        return {session_id: until for session_id, until in self.held.items() if until > self.now}

    def acquire(self, session_id: str) -> None:
        live = self.live
        if session_id not in live and len(live) >= LIMIT:
            with pytest.raises(SlotsFullError) as full:
                self.slots.acquire(self.user_id, session_id, LIMIT, self.now)
            assert full.value.holders == live
            assert full.value.wait_seconds == min(live.values()) - self.now
            self.seen = live
            return
        until = renewed_until(self.now) if session_id in live else acquired_until(self.now)
        slot = self.slots.acquire(self.user_id, session_id, LIMIT, self.now)
        assert slot == Slot(self.user_id, session_id, until, fresh=session_id not in live)
        self.held = {**live, session_id: until}
        self.got[session_id] = slot

    def renew(self, session_id: str) -> None:
        """As producers do it: with a slot, in time or late."""
        if session_id in self.held:
            self.slots.renew(self.user_id, session_id, self.now)
            self.held[session_id] = renewed_until(self.now)

    def give_back(self, session_id: str) -> None:
        slot = self.got.get(session_id)
        if slot is not None:
            self.slots.give_back(slot)
            if slot.fresh and self.held.get(session_id) == slot.until:
                del self.held[session_id]

    def release(self, session_id: str) -> None:
        self.slots.release(self.user_id, session_id)
        self.held.pop(session_id, None)

    def drop(self, _session_id: str) -> None:
        self.slots.drop(self.user_id, self.seen)
        self.held = {one: until for one, until in self.held.items() if self.seen.get(one) != until}


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(STEPS)
def test_any_sequence_of_calls_matches_the_model(
    process: Callable[[], StreamSlots], steps: list[tuple[str, str, float]]
) -> None:
    reckoning = Reckoning(process())
    for action, session_id, seconds in steps:
        if action == "wait":
            reckoning.now += seconds
        else:
            getattr(reckoning, action)(session_id)
    for session_id in "abcd":
        reckoning.acquire(session_id)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(STEPS)
def test_while_each_producer_renews_in_time_no_more_hold_one_than_allowed(
    process: Callable[[], StreamSlots], steps: list[tuple[str, str, float]]
) -> None:
    reckoning = Reckoning(process())
    for action, session_id, seconds in steps:
        if action == "wait":
            for _ in range(3):  # as long as a slot lives in all, in thirds, after each of which all are renewed
                reckoning.now += min(seconds, SLOT_SECONDS) / 3
                for holder in tuple(reckoning.live):
                    reckoning.renew(holder)
        elif action != "renew":
            with suppress(SlotsFullError):
                getattr(reckoning, action)(session_id)
        assert len(reckoning.live) <= LIMIT
