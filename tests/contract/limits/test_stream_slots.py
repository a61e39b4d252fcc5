"""StreamSlots: the limit on a user's concurrent streams."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat.limits import SLOT_SECONDS, Slot, SlotsFullError, StreamSlots
from chat.limits.slots import acquired_until, renewed_until

type Slots = Callable[[], StreamSlots]

NOW = 1_800_000_000.25


@pytest.fixture
def slots(process: Slots) -> StreamSlots:
    return process()


def wait_of(slots: StreamSlots, user_id: str, session_id: str, limit: int, now: float) -> float:
    """Asserts that no slot is free, and returns the seconds until one is."""
    with pytest.raises(SlotsFullError) as full:
        slots.acquire(user_id, session_id, limit, now)
    return full.value.wait_seconds


def holders_of(slots: StreamSlots, user_id: str, now: float = NOW) -> dict[str, float]:
    """The holders of slots, with expiries."""
    with pytest.raises(SlotsFullError) as full:
        slots.acquire(user_id, "nobody's", 1, now)
    return dict(full.value.holders)


def acquired(slots: StreamSlots, user_id: str, session_id: str, limit: int, now: float) -> bool:
    try:
        slots.acquire(user_id, session_id, limit, now)
    except SlotsFullError:
        return False
    return True


def test_slots_up_to_the_limit_are_granted(slots: StreamSlots, user_id: str) -> None:
    assert slots.acquire(user_id, "one", 2, NOW) == Slot(user_id, "one", acquired_until(NOW), fresh=True)
    assert slots.acquire(user_id, "two", 2, NOW + 10) == Slot(user_id, "two", acquired_until(NOW + 10), fresh=True)
    assert wait_of(slots, user_id, "three", 2, NOW + 20) == SLOT_SECONDS - 20
    assert wait_of(slots, user_id, "three", 2, NOW + 59.5) == 0.5


def test_refusal_names_holders_and_expiries(slots: StreamSlots, user_id: str) -> None:
    slots.acquire(user_id, "one", 2, NOW)
    slots.acquire(user_id, "two", 2, NOW + 10)
    assert holders_of(slots, user_id) == {"one": acquired_until(NOW), "two": acquired_until(NOW + 10)}
    assert holders_of(slots, user_id, NOW + SLOT_SECONDS) == {"two": acquired_until(NOW + 10)}


def test_session_keeps_its_slot(slots: StreamSlots, user_id: str) -> None:
    slots.acquire(user_id, "one", 2, NOW)
    for number in range(5):
        kept = Slot(user_id, "one", renewed_until(NOW + number), fresh=False)
        assert slots.acquire(user_id, "one", 2, NOW + number) == kept
    slots.acquire(user_id, "two", 2, NOW + 5)
    assert not slots.acquire(user_id, "one", 2, NOW + 5).fresh
    assert wait_of(slots, user_id, "three", 2, NOW + 5) == pytest.approx(SLOT_SECONDS)


def test_renewed_slot_survives_give_back_and_drop_of_its_old_expiry(slots: StreamSlots, user_id: str) -> None:
    first = slots.acquire(user_id, "one", 1, NOW)
    seen = holders_of(slots, user_id)
    slots.acquire(user_id, "one", 1, NOW)
    slots.give_back(first)
    slots.drop(user_id, seen)
    assert holders_of(slots, user_id) == {"one": renewed_until(NOW)}


def test_expired_slot_is_acquired_again(slots: StreamSlots, user_id: str) -> None:
    slots.acquire(user_id, "one", 2, NOW)
    again = NOW + SLOT_SECONDS
    assert slots.acquire(user_id, "one", 2, again) == Slot(user_id, "one", acquired_until(again), fresh=True)


def test_expired_slot_does_not_count_when_its_session_returns(slots: StreamSlots, user_id: str) -> None:
    slots.acquire(user_id, "one", 2, NOW)
    for session_id in ("two", "three"):
        slots.renew(user_id, session_id, NOW + SLOT_SECONDS)
    assert not acquired(slots, user_id, "one", 2, NOW + SLOT_SECONDS)


def test_released_slot_is_free(slots: StreamSlots, user_id: str) -> None:
    slots.acquire(user_id, "one", 1, NOW)
    assert wait_of(slots, user_id, "two", 1, NOW) == SLOT_SECONDS
    slots.release(user_id, "one")
    assert slots.acquire(user_id, "two", 1, NOW).fresh


def test_slot_expires_after_a_minute_without_renewal(slots: StreamSlots, user_id: str) -> None:
    slots.acquire(user_id, "one", 1, NOW)
    assert wait_of(slots, user_id, "two", 1, NOW + SLOT_SECONDS - 0.25) == 0.25
    assert slots.acquire(user_id, "two", 1, NOW + SLOT_SECONDS).fresh


def test_renewed_slot_stays(slots: StreamSlots, user_id: str) -> None:
    slots.acquire(user_id, "one", 1, NOW)
    for at in range(20, 200, 20):
        slots.renew(user_id, "one", NOW + at)
        assert holders_of(slots, user_id, NOW + at + 10) == {"one": renewed_until(NOW + at)}


def test_renewal_takes_a_lost_slot_even_beyond_the_limit(slots: StreamSlots, user_id: str) -> None:
    """A producer is counted even if its slot was taken."""
    slots.renew(user_id, "one", NOW)
    assert holders_of(slots, user_id) == {"one": renewed_until(NOW)}
    slots.release(user_id, "one")
    slots.acquire(user_id, "two", 1, NOW)
    slots.renew(user_id, "one", NOW)
    assert holders_of(slots, user_id) == {"one": renewed_until(NOW), "two": acquired_until(NOW)}


def test_a_slot_given_back_is_free(slots: StreamSlots, user_id: str) -> None:
    slot = slots.acquire(user_id, "one", 1, NOW)
    slots.give_back(slot)
    assert slots.acquire(user_id, "two", 1, NOW).fresh
    slots.give_back(slot)
    assert holders_of(slots, user_id) == {"two": acquired_until(NOW)}


def test_giving_back_a_slot_held_before_frees_nothing(process: Slots, user_id: str) -> None:
    one, another = process(), process()
    one.acquire(user_id, "one", 1, NOW)
    another.give_back(another.acquire(user_id, "one", 1, NOW))
    assert holders_of(one, user_id) == {"one": renewed_until(NOW)}


@pytest.mark.parametrize("seconds", [0, 20])
def test_giving_back_a_renewed_slot_frees_nothing(process: Slots, user_id: str, seconds: float) -> None:
    """Another stream of the session produces, at the same instant or later."""
    one, another = process(), process()
    slot = one.acquire(user_id, "one", 1, NOW)
    another.acquire(user_id, "one", 1, NOW)
    another.renew(user_id, "one", NOW + seconds)
    one.give_back(slot)
    assert holders_of(one, user_id) == {"one": renewed_until(NOW + seconds)}


def test_only_unchanged_holders_are_dropped(slots: StreamSlots, user_id: str) -> None:
    for session_id in ("one", "two", "three", "four"):
        slots.acquire(user_id, session_id, 4, NOW)
    holders = holders_of(slots, user_id)
    slots.renew(user_id, "two", NOW)
    slots.release(user_id, "three")
    del holders["four"]
    slots.drop(user_id, holders)
    assert holders_of(slots, user_id) == {"two": renewed_until(NOW), "four": acquired_until(NOW)}


def test_freeing_a_missing_slot_changes_nothing(slots: StreamSlots, user_id: str) -> None:
    slots.release(user_id, "one")
    slots.give_back(Slot(user_id, "one", acquired_until(NOW), fresh=True))
    slots.drop(user_id, {})
    slots.drop(user_id, {"one": acquired_until(NOW)})
    slots.acquire(user_id, "one", 1, NOW)
    slots.release(user_id, "two")
    slots.release(user_id + "x", "one")
    slots.drop(user_id, {"two": acquired_until(NOW)})
    assert holders_of(slots, user_id) == {"one": acquired_until(NOW)}
    slots.release(user_id, "one")
    slots.release(user_id, "one")
    assert slots.acquire(user_id, "two", 1, NOW).fresh


def test_users_do_not_share_slots(slots: StreamSlots, user_id: str) -> None:
    for user in (user_id, user_id + "x", user_id[:-1], f"{user_id}/one", "\ud800" + user_id):
        assert slots.acquire(user, "one", 1, NOW).fresh
        assert wait_of(slots, user, "two", 1, NOW) == SLOT_SECONDS


def test_lowered_limit_applies_to_new_streams_only(slots: StreamSlots, user_id: str) -> None:
    for number in range(5):
        assert slots.acquire(user_id, f"{number}", 5, NOW).fresh
    assert not slots.acquire(user_id, "0", 2, NOW).fresh
    slots.release(user_id, "4")
    assert wait_of(slots, user_id, "5", 2, NOW) == pytest.approx(SLOT_SECONDS)
    for number in range(1, 4):
        slots.release(user_id, f"{number}")
    assert slots.acquire(user_id, "5", 2, NOW).fresh


def test_processes_share_a_users_slots(process: Slots, user_id: str) -> None:
    one, another = process(), process()
    assert one.acquire(user_id, "one", 1, NOW).fresh
    assert wait_of(another, user_id, "two", 1, NOW) == SLOT_SECONDS
    assert not another.acquire(user_id, "one", 1, NOW).fresh  # it takes the session over
    one.release(user_id, "one")
    assert another.acquire(user_id, "two", 1, NOW).fresh


def test_concurrent_acquires_respect_the_limit(process: Slots, user_id: str) -> None:
    processes = [process() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda n: acquired(processes[n % 4], user_id, f"{n}", 3, NOW), range(24)))
    assert sum(got) == 3
    assert len(holders_of(process(), user_id)) == 3


def test_concurrent_acquires_of_one_session_take_one_slot(process: Slots, user_id: str) -> None:
    processes = [process() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda n: processes[n % 4].acquire(user_id, "one", 1, NOW), range(12)))
    assert sum(slot.fresh for slot in got) == 1
    assert {slot.until for slot in got if not slot.fresh} == {renewed_until(NOW)}


def test_concurrent_acquires_after_a_crash_get_the_dead_slots(process: Slots, user_id: str) -> None:
    for number in range(3):
        assert process().acquire(user_id, f"dead {number}", 3, NOW).fresh
    processes = [process() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda n: acquired(processes[n % 4], user_id, f"{n}", 3, NOW + 61), range(12)))
    assert sum(got) == 3


def test_concurrent_drops_of_one_holder_free_one_slot(process: Slots, user_id: str) -> None:
    """All callers read the same expiry; a slot that one of them acquires is not freed by the others."""
    first = process()
    for session_id in ("idle", "busy"):
        first.acquire(user_id, session_id, 2, NOW)
    holders = {"idle": acquired_until(NOW)}

    def drop_and_acquire(number: int) -> bool:
        slots = process()
        slots.drop(user_id, holders)
        return acquired(slots, user_id, f"{number}", 2, NOW + 20)

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(drop_and_acquire, range(8)))
    assert sum(got) == 1
    assert holders_of(first, user_id, NOW + 20).keys() == {"busy", f"{got.index(True)}"}
