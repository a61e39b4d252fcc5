"""RateLimiter: a moving window of 60 seconds, by user and limit."""

from concurrent.futures import ThreadPoolExecutor

from chat.catalog import TierLimits
from chat.limits import Allowance, RateLimiter
from fakes.clock import FakeClock

THREE = TierLimits(requests_per_minute=3, concurrent_streams=1)
FIVE = TierLimits(requests_per_minute=5, concurrent_streams=1)


def test_requests_up_to_the_limit_are_allowed(limiter: RateLimiter, user_id: str) -> None:
    assert [limiter.hit(user_id, THREE) for _ in range(3)] == [
        Allowance(limit=3, remaining=left, reset_seconds=60) for left in (2, 1, 0)
    ]
    for _ in range(5):
        assert limiter.hit(user_id, THREE) == Allowance(limit=3, remaining=0, reset_seconds=60, allowed=False)


def test_reset_counts_down_to_the_next_that_is_allowed(limiter: RateLimiter, user_id: str, clock: FakeClock) -> None:
    limiter.hit(user_id, THREE)
    clock.advance(20)
    assert limiter.hit(user_id, THREE).reset_seconds == 40
    clock.advance(10.5)
    limiter.hit(user_id, THREE)
    refused = limiter.hit(user_id, THREE)
    assert (refused.allowed, refused.reset_seconds) == (False, 30)
    clock.advance(29)
    assert not limiter.hit(user_id, THREE).allowed
    clock.advance(1)
    assert limiter.hit(user_id, THREE).allowed


def test_the_window_slides(limiter: RateLimiter, user_id: str, clock: FakeClock) -> None:
    """Each request is free again a minute after it was made, not all at a minute's turn."""
    for _ in range(3):
        assert limiter.hit(user_id, THREE).allowed
        clock.advance(15)
    clock.advance(15.5)  # 60.5 seconds after the first, 45.5 after the second
    assert [limiter.hit(user_id, THREE).allowed for _ in range(2)] == [True, False]
    clock.advance(15)
    assert [limiter.hit(user_id, THREE).allowed for _ in range(2)] == [True, False]
    clock.advance(61)
    assert [limiter.hit(user_id, THREE).allowed for _ in range(4)] == [True, True, True, False]


def test_refused_request_is_not_counted(limiter: RateLimiter, user_id: str, clock: FakeClock) -> None:
    for _ in range(3):
        limiter.hit(user_id, THREE)
    for _ in range(59):
        clock.advance(1)
        assert not limiter.hit(user_id, THREE).allowed
    clock.advance(1.5)
    assert limiter.hit(user_id, THREE).allowed


def test_looking_uses_nothing_up(limiter: RateLimiter, user_id: str, clock: FakeClock) -> None:
    for _ in range(5):
        assert limiter.peek(user_id, THREE) == Allowance(limit=3, remaining=3, reset_seconds=60)
    limiter.hit(user_id, THREE)
    clock.advance(15)
    for _ in range(5):
        assert limiter.peek(user_id, THREE) == Allowance(limit=3, remaining=2, reset_seconds=45)


def test_every_user_has_an_allowance(limiter: RateLimiter, user_id: str) -> None:
    others = (
        user_id + "x",
        user_id[:-1],
        user_id.upper(),
        f"{user_id}/3",
        f"{user_id}/3/60/second",
        "\ud800" + user_id,
    )
    for _ in range(4):
        limiter.hit(user_id, THREE)
    for other in others:
        assert limiter.hit(other, THREE).remaining == 2


def test_another_tier_is_another_allowance(limiter: RateLimiter, user_id: str) -> None:
    for _ in range(4):
        limiter.hit(user_id, THREE)
    assert limiter.hit(user_id, FIVE) == Allowance(limit=5, remaining=4, reset_seconds=60)


def test_of_many_at_once_no_more_than_allowed_get_through(limiter: RateLimiter, user_id: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: limiter.hit(user_id, FIVE), range(24)))
    assert sum(answer.allowed for answer in answers) == 5


def test_hundreds_of_requests_are_counted_well(limiter: RateLimiter, user_id: str, clock: FakeClock) -> None:
    """Longer than a log is kept in one piece."""
    for number in range(150):
        if number % 5 == 0:
            clock.advance(61)
        assert limiter.hit(user_id, FIVE).remaining == 4 - number % 5
    assert not limiter.hit(user_id, FIVE).allowed


def test_request_given_back_can_be_made_again(limiter: RateLimiter, user_id: str, clock: FakeClock) -> None:
    used = []
    for _ in range(3):
        used.append(limiter.hit(user_id, THREE))
        clock.advance(10)
    limiter.give_back(user_id, THREE, used[1])
    assert limiter.peek(user_id, THREE) == Allowance(limit=3, remaining=1, reset_seconds=30)
    assert [limiter.hit(user_id, THREE).allowed for _ in range(2)] == [True, False]


def test_the_request_itself_is_given_back_not_the_newest(limiter: RateLimiter, user_id: str, clock: FakeClock) -> None:
    """The one that stays leaves the window when its own minute is over."""
    first = limiter.hit(user_id, THREE)
    clock.advance(40.125)
    limiter.hit(user_id, THREE)
    limiter.give_back(user_id, THREE, first)
    clock.advance(30)
    assert limiter.peek(user_id, THREE) == Allowance(limit=3, remaining=2, reset_seconds=30)


def test_a_request_is_given_back_once(limiter: RateLimiter, user_id: str, clock: FakeClock) -> None:
    used = limiter.hit(user_id, THREE)
    clock.advance(1)
    limiter.hit(user_id, THREE)
    for _ in range(2):
        limiter.give_back(user_id, THREE, used)
    assert limiter.peek(user_id, THREE).remaining == 2


def test_giving_back_a_refused_request_changes_nothing(limiter: RateLimiter, user_id: str) -> None:
    used = [limiter.hit(user_id, THREE) for _ in range(4)]
    limiter.give_back(user_id, THREE, used[-1])
    assert not limiter.hit(user_id, THREE).allowed


def test_giving_back_a_request_outside_the_window_changes_nothing(
    limiter: RateLimiter, user_id: str, clock: FakeClock
) -> None:
    used = limiter.hit(user_id, THREE)
    clock.advance(61)
    limiter.hit(user_id, THREE)
    limiter.give_back(user_id, THREE, used)
    assert limiter.peek(user_id, THREE).remaining == 2


def test_of_many_at_once_each_is_given_back(limiter: RateLimiter, user_id: str) -> None:
    def ask(_: int) -> None:
        limiter.give_back(user_id, FIVE, limiter.hit(user_id, FIVE))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    assert limiter.peek(user_id, FIVE) == Allowance(limit=5, remaining=5, reset_seconds=60)
