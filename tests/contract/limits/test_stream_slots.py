"""StreamSlots: so many streams of a user at the same time, and no more."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.ids import new_id
from chat.limits import SLOT_SECONDS, StreamSlots

type Slots = Callable[[], StreamSlots]

NOW = 1_800_000_000.25


@pytest.fixture
def slots(process: Slots) -> StreamSlots:
    return process()


def test_so_many_streams_and_no_more(slots: StreamSlots, user_id: str) -> None:
    assert slots.acquire(user_id, "one", 2, NOW) is None
    assert slots.acquire(user_id, "two", 2, NOW + 10) is None
    assert slots.acquire(user_id, "three", 2, NOW + 20) == SLOT_SECONDS - 20
    assert slots.acquire(user_id, "three", 2, NOW + 59.5) == 0.5


def test_the_same_session_is_counted_once(slots: StreamSlots, user_id: str) -> None:
    for number in range(5):
        assert slots.acquire(user_id, "one", 2, NOW + number) is None
    assert slots.acquire(user_id, "two", 2, NOW + 5) is None
    assert slots.acquire(user_id, "one", 2, NOW + 5) is None
    assert slots.acquire(user_id, "three", 2, NOW + 5) == SLOT_SECONDS


def test_a_slot_let_go_is_free(slots: StreamSlots, user_id: str) -> None:
    slots.acquire(user_id, "one", 1, NOW)
    assert slots.acquire(user_id, "two", 1, NOW) == SLOT_SECONDS
    slots.release(user_id, "one")
    assert slots.acquire(user_id, "two", 1, NOW) is None


def test_a_slot_that_is_not_renewed_is_free_after_a_minute(slots: StreamSlots, user_id: str) -> None:
    slots.acquire(user_id, "one", 1, NOW)
    assert slots.acquire(user_id, "two", 1, NOW + SLOT_SECONDS - 0.25) == 0.25
    assert slots.acquire(user_id, "two", 1, NOW + SLOT_SECONDS) is None


def test_a_slot_that_is_renewed_stays(slots: StreamSlots, user_id: str) -> None:
    slots.acquire(user_id, "one", 1, NOW)
    for at in range(20, 200, 20):
        slots.renew(user_id, "one", NOW + at)
        assert slots.acquire(user_id, "two", 1, NOW + at + 10) == SLOT_SECONDS - 10


def test_a_slot_that_was_let_go_is_not_renewed(slots: StreamSlots, user_id: str) -> None:
    slots.acquire(user_id, "one", 1, NOW)
    slots.release(user_id, "one")
    slots.renew(user_id, "one", NOW)
    assert slots.acquire(user_id, "two", 1, NOW) is None


def test_letting_go_of_nothing_is_nothing(slots: StreamSlots, user_id: str) -> None:
    slots.release(user_id, "one")
    slots.acquire(user_id, "one", 1, NOW)
    slots.release(user_id, "two")
    slots.release(user_id + "x", "one")
    assert slots.acquire(user_id, "two", 1, NOW) == SLOT_SECONDS
    slots.release(user_id, "one")
    slots.release(user_id, "one")
    assert slots.acquire(user_id, "two", 1, NOW) is None


def test_every_user_has_slots(slots: StreamSlots, user_id: str) -> None:
    for user in (user_id, user_id + "x", user_id[:-1], f"{user_id}/one", "\ud800" + user_id):
        assert slots.acquire(user, "one", 1, NOW) is None
        assert slots.acquire(user, "two", 1, NOW) == SLOT_SECONDS


def test_a_limit_that_was_lowered_counts_for_new_streams_alone(slots: StreamSlots, user_id: str) -> None:
    for number in range(5):
        assert slots.acquire(user_id, f"{number}", 5, NOW) is None
    assert slots.acquire(user_id, "0", 2, NOW) is None
    slots.release(user_id, "4")
    assert slots.acquire(user_id, "5", 2, NOW) == SLOT_SECONDS
    for number in range(1, 4):
        slots.release(user_id, f"{number}")
    assert slots.acquire(user_id, "5", 2, NOW) is None


def test_processes_share_a_users_slots(process: Slots, user_id: str) -> None:
    one, another = process(), process()
    assert one.acquire(user_id, "one", 1, NOW) is None
    assert another.acquire(user_id, "two", 1, NOW) == SLOT_SECONDS
    assert another.acquire(user_id, "one", 1, NOW) is None  # it takes the session over
    one.release(user_id, "one")
    assert another.acquire(user_id, "two", 1, NOW) is None


def test_who_leaves_a_session_frees_nothing_that_another_stream_has(process: Slots, user_id: str) -> None:
    one, another = process(), process()
    for slots in (one, one, another):
        assert slots.acquire(user_id, "one", 1, NOW) is None
    one.leave(user_id, "one")
    another.leave(user_id, "one")
    assert another.acquire(user_id, "two", 1, NOW) == SLOT_SECONDS
    one.renew(user_id, "one", NOW + 20)
    assert another.acquire(user_id, "two", 1, NOW + 20) == SLOT_SECONDS
    one.release(user_id, "one")
    assert another.acquire(user_id, "two", 1, NOW + 20) is None


def test_leaving_nothing_is_nothing(slots: StreamSlots, user_id: str) -> None:
    slots.leave(user_id, "one")
    assert slots.acquire(user_id, "one", 1, NOW) is None
    slots.release(user_id, "one")
    slots.leave(user_id, "one")
    assert slots.acquire(user_id, "two", 1, NOW) is None


def test_of_many_at_once_no_more_than_allowed_get_one(process: Slots, user_id: str) -> None:
    processes = [process() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda n: processes[n % 4].acquire(user_id, f"{n}", 3, NOW), range(24)))
    assert sum(wait is None for wait in waits) == 3
    assert {wait for wait in waits if wait is not None} == {SLOT_SECONDS}


def test_many_that_come_after_a_crash_get_the_slots_of_the_dead(process: Slots, user_id: str) -> None:
    for number in range(3):
        assert process().acquire(user_id, f"dead {number}", 3, NOW) is None
    processes = [process() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda n: processes[n % 4].acquire(user_id, f"{n}", 3, NOW + 61), range(12)))
    assert sum(wait is None for wait in waits) == 3


LIMIT = 2
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["acquire", "renew", "release", "wait"]),
        st.sampled_from("abcd"),
        st.sampled_from([0.0, 0.001, 1.0, 30.0, 59.999, 60.0]),
    ),
    max_size=25,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(STEPS)
def test_whatever_happens_no_more_hold_one_than_allowed_and_none_is_lost(
    slots: StreamSlots, steps: list[tuple[str, str, float]]
) -> None:
    """The same calls, against a reckoning of who holds a slot."""
    user_id, now = new_id(), NOW
    held: dict[str, float] = {}
    for action, session_id, seconds in steps:
        held = {session: end for session, end in held.items() if end > now}
        if action == "wait":
            now += seconds
        elif action == "release":
            slots.release(user_id, session_id)
            held.pop(session_id, None)
        elif action == "renew" and session_id in held:
            slots.renew(user_id, session_id, now)
            held[session_id] = now + SLOT_SECONDS
        elif action == "acquire":
            wait = slots.acquire(user_id, session_id, LIMIT, now)
            assert (wait is None) == (session_id in held or len(held) < LIMIT)
            if wait is None:
                held[session_id] = now + SLOT_SECONDS
            else:
                assert wait == pytest.approx(min(held.values()) - now, abs=1e-5)
        assert len(held) <= LIMIT
