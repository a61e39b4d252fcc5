"""The ports of `chat.redis` over each implementation: in memory, and on Redis of each kind."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from chat.ids import new_id
from chat.redis import BlockingRedisCalls, Breaker, RedisLogControl, RedisServices, RedisSettings, connect
from chat.redis.log import tail
from fakes.memory.event_log import MemoryEventLog, MemoryLogControl
from fakes.memory.response_cache import MemoryResponseCache
from fakes.memory.single_flight import MemorySingleFlight
from fakes.redis.ports import BLOCK_SECONDS, OpenServices, RedisPorts
from fakes.redis.servers import RedisServer, fakeredis_server, redis_server

PATIENT_SECONDS = 5.0
"""A budget for tests of what is answered, not of how soon."""


@pytest.fixture(scope="session")
def standalone() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def cluster() -> Iterator[RedisServer]:
    with redis_server(cluster=True) as server:
        yield server


@pytest.fixture(scope="session")
def fakeredis_environ() -> Iterator[dict[str, str]]:
    with fakeredis_server() as url:
        yield {"REDIS_URL": url}


@pytest.fixture(params=["standalone", "cluster"])
def server(request: pytest.FixtureRequest) -> RedisServer:
    """A real server, shared by tests: a test that harms it uses `own_server`."""
    found: RedisServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    """For tests that harm it."""
    with redis_server() as server:
        yield server


@pytest.fixture
async def open_services() -> AsyncIterator[OpenServices]:
    """Makes clients, and closes them after the test."""
    async with AsyncExitStack() as stack:

        def open_client(url: str, *, breaker: Breaker | None = None, **settings: Any) -> RedisServices:
            values = {"redis_timeout_seconds": PATIENT_SECONDS, **settings, "redis_url": url}
            services = connect(RedisSettings.model_validate(values), breaker or Breaker())
            assert services is not None
            stack.push_async_callback(services.close)
            return services

        yield open_client


@pytest.fixture(params=["memory", "standalone", "cluster", "fakeredis"])
async def ports(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RedisPorts]:
    """Every implementation."""
    monkeypatch.setattr(tail, "BLOCK_SECONDS", BLOCK_SECONDS)
    if request.param == "memory":
        log = MemoryEventLog(idle_seconds=BLOCK_SECONDS)
        yield RedisPorts(MemoryResponseCache(), log, MemorySingleFlight(), MemoryLogControl(log))
        return
    if request.param == "fakeredis":
        environ = request.getfixturevalue("fakeredis_environ")
    else:
        environ = request.getfixturevalue(request.param).environ
    settings = RedisSettings.from_environ({**environ, "REDIS_TIMEOUT_SECONDS": str(PATIENT_SECONDS)})
    breaker = Breaker()
    services = connect(settings, breaker)
    assert services is not None
    calls = BlockingRedisCalls(settings, breaker)
    ports = RedisPorts(services.cache, services.log, services.flight, RedisLogControl(calls))
    yield ports
    await services.close()
    calls.close()
    assert breaker.errors.by_operation.keys() <= ports.may_fail


@pytest.fixture
def session_id() -> str:
    """The id of a session without a log."""
    return new_id()
