"""How soon a Redis that was down is looked for, and how often."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from chat.redis import BlockingRedisCalls, Breaker, RedisSettings, RedisUnavailableError
from chat.redis.breaker.breaker import CALM_SECONDS, PROBE_SECONDS
from chat.redis.client.async_calls import AsyncRedisCalls
from fakes.clock import FakeClock
from fakes.redis.servers import RedisServer, redis_server

PAUSES = [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
PATIENCE_SECONDS = 20


class QuickBreaker(Breaker):
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
def breaker(clock: FakeClock) -> Breaker:
    return Breaker(monotonic=clock.now)


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


def pauses(breaker: Breaker, count: int) -> list[float]:
    return [breaker.next_pause() for _ in range(count)]


def test_first_look_is_early_and_each_pause_twice_as_long_as_the_last(breaker: Breaker) -> None:
    breaker.open()
    assert pauses(breaker, len(PAUSES)) == PAUSES


def test_outage_soon_after_recovery_keeps_its_backoff(breaker: Breaker, clock: FakeClock) -> None:
    breaker.open()
    pauses(breaker, 3)
    breaker.close()
    clock.advance(CALM_SECONDS - 1)
    assert breaker.open()
    assert pauses(breaker, 2) == [0.8, 1.6]


def test_outage_after_a_calm_begins_with_an_early_look(breaker: Breaker, clock: FakeClock) -> None:
    for _ in range(2):
        assert breaker.open()
        clock.advance(100)  # however long it lasted
        assert not breaker.open()
        assert pauses(breaker, 2) == [0.1, 0.2]
        breaker.close()
        clock.advance(CALM_SECONDS)


async def test_event_loop_looks_soon_and_then_ever_less_often(own_server: RedisServer) -> None:
    breaker = QuickBreaker()
    own_server.kill()
    calls = AsyncRedisCalls(RedisSettings(redis_url=own_server.url, redis_timeout_seconds=5), breaker)
    with pytest.raises(RedisUnavailableError):
        await calls.command("ping", "PING")
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not breaker.looked_often.is_set():
            await asyncio.sleep(0.001)
        await asyncio.to_thread(own_server.start)
        while breaker.is_open:
            await asyncio.sleep(0.001)
    assert await calls.command("ping", "PING")
    await calls.close()
    assert_looks_ever_less_often(breaker)


def test_threads_look_soon_and_then_ever_less_often(own_server: RedisServer) -> None:
    breaker = QuickBreaker()
    own_server.kill()
    settings = RedisSettings(redis_url=own_server.url, redis_timeout_seconds=5)
    with closing(BlockingRedisCalls(settings, breaker)) as calls:
        with pytest.raises(RedisUnavailableError):
            calls.call("ping", lambda client: client.ping())
        assert breaker.looked_often.wait(PATIENCE_SECONDS)
        own_server.start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while breaker.is_open:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        assert calls.call("ping", lambda client: client.ping())
    assert_looks_ever_less_often(breaker)


def assert_looks_ever_less_often(breaker: QuickBreaker) -> None:
    assert breaker.pauses[: len(PAUSES)] == PAUSES
    assert set(breaker.pauses[len(PAUSES) :]) <= {PROBE_SECONDS}
