"""The stores that limits are kept in."""

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest

from chat.dynamo.stream_slots import DynamoStreamSlots
from chat.ids import new_id
from chat.limits import RateLimiter, StreamSlots
from chat.redis import RedisSettings
from fakes.clock import FakeClock
from fakes.limits import dynamo_limiter, redis_limiter
from fakes.memory.limits import MemoryRateLimiter, MemoryStreamSlots
from fakes.redis.servers import fakeredis_server, redis_server

DYNAMODB = ("local", "dynamodb-local")
REDIS = ("redis", "redis-cluster", "fakeredis")


@pytest.fixture(scope="session")
def redis_settings() -> Iterator[RedisSettings]:
    with redis_server() as server:
        yield RedisSettings.from_environ(server.environ)


@pytest.fixture(scope="session")
def redis_cluster_settings() -> Iterator[RedisSettings]:
    with redis_server(cluster=True) as server:
        yield RedisSettings.from_environ(server.environ)


@pytest.fixture(scope="session")
def fakeredis_settings() -> Iterator[RedisSettings]:
    with fakeredis_server() as url:
        yield RedisSettings(redis_url=url)


@pytest.fixture(params=("memory", *DYNAMODB, *REDIS))
def store(request: pytest.FixtureRequest) -> tuple[str, Any]:
    """Which it is, and what it takes to reach it."""
    name = request.param
    if name == "memory":
        return name, None
    suffix = "settings" if name in REDIS else "tables"
    return name, request.getfixturevalue(f"{name.replace('-', '_')}_{suffix}")


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    """The time of the library too."""
    clock = FakeClock()
    with patch("time.time", clock.now):
        yield clock


@pytest.fixture
def limiter(store: tuple[str, Any], clock: FakeClock) -> RateLimiter:
    name, address = store
    if name == "memory":
        return MemoryRateLimiter(clock)
    return redis_limiter(address) if name in REDIS else dynamo_limiter(address)


@pytest.fixture(params=("memory", *DYNAMODB))
def process(request: pytest.FixtureRequest) -> Callable[[], StreamSlots]:
    """What gives each process its slots, all of one store."""
    if request.param == "memory":
        in_memory = MemoryStreamSlots()
        return lambda: in_memory
    tables = request.getfixturevalue(f"{request.param.replace('-', '_')}_tables")
    return lambda: DynamoStreamSlots(tables)


@pytest.fixture
def user_id() -> str:
    """A user of this test alone, with an id that has special characters of every layer."""
    return f"user|{new_id()}/ä{{}}"
