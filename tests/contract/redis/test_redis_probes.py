"""How soon a Redis that was down is looked for, and how often."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from chat.redis import CacheErrors, RedisSettings
from chat.redis.breaker import Breaker, RedisUnavailableError
from chat.redis.guard import RedisGuard
from chat.redis.outage import CALM_SECONDS, PROBE_SECONDS, Outage
from fakes.clock import FakeClock
from fakes.redis_servers import RedisServer, redis_server

PAUSES = [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
PATIENCE_SECONDS = 20


class QuickOutage(Outage):
    """Pauses for no time worth mentioning, and knows for how long it should have."""

    def __init__(self) -> None:
        super().__init__(monotonic=FakeClock().now)
        self.pauses: list[float] = []
        self.looked_often = threading.Event()

    def next_pause(self) -> float:
        self.pauses.append(super().next_pause())
        if len(self.pauses) >= len(PAUSES):
            self.looked_often.set()
        return 0.001


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def outage(clock: FakeClock) -> Outage:
    return Outage(monotonic=clock.now)


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


def pauses(outage: Outage, count: int) -> list[float]:
    return [outage.next_pause() for _ in range(count)]


def test_first_look_is_early_and_each_pause_twice_as_long_as_the_last(outage: Outage) -> None:
    outage.begin()
    assert pauses(outage, len(PAUSES)) == PAUSES


def test_outage_that_comes_back_at_once_goes_on_with_its_pauses(outage: Outage, clock: FakeClock) -> None:
    outage.begin()
    pauses(outage, 3)
    outage.end()
    clock.advance(CALM_SECONDS - 1)
    assert outage.begin()
    assert pauses(outage, 2) == [0.8, 1.6]


def test_outage_after_a_calm_begins_with_an_early_look(outage: Outage, clock: FakeClock) -> None:
    for _ in range(2):
        assert outage.begin()
        clock.advance(100)  # however long it lasted
        assert not outage.begin()
        assert pauses(outage, 2) == [0.1, 0.2]
        outage.end()
        clock.advance(CALM_SECONDS)


async def test_event_loop_looks_soon_and_then_ever_less_often() -> None:
    outage, looks = QuickOutage(), 0

    async def ping() -> None:
        nonlocal looks
        looks += 1
        if looks < len(PAUSES):
            raise ConnectionError

    async def fail() -> None:
        raise ConnectionError

    breaker = Breaker(ping, budget_seconds=1, errors=CacheErrors(), outage=outage)
    with pytest.raises(RedisUnavailableError):
        await breaker.call("get", fail)
    assert outage.lasts
    async with asyncio.timeout(PATIENCE_SECONDS):
        while outage.lasts:
            await asyncio.sleep(0.001)
    assert outage.pauses == PAUSES
    assert looks == len(PAUSES)
    await breaker.close()


def test_threads_look_soon_and_then_ever_less_often(own_server: RedisServer) -> None:
    outage = QuickOutage()
    own_server.kill()
    settings = RedisSettings(redis_url=own_server.url, redis_timeout_seconds=5)
    with closing(RedisGuard(settings, CacheErrors(), outage=outage)) as guard:
        with pytest.raises(RedisUnavailableError):
            guard.call("ping", lambda client: client.ping())
        assert outage.looked_often.wait(PATIENCE_SECONDS)
        own_server.start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while outage.lasts:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        assert guard.call("ping", lambda client: client.ping())
    assert outage.pauses[: len(PAUSES)] == PAUSES
    assert set(outage.pauses[len(PAUSES) :]) <= {PROBE_SECONDS}
