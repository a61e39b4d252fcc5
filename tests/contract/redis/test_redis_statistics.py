"""Statistics of Redis: complete, in part, or missing."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chat.redis import BlockingRedisCalls, Breaker, CacheErrors, RedisSettings
from chat.redis.statistics import RedisStatistics, RedisStatisticsReader
from fakes.redis.servers import RedisServer, redis_server

BUDGET_SECONDS = 0.5

type Open = Callable[..., RedisStatisticsReader]


@pytest.fixture
def errors() -> CacheErrors:
    return CacheErrors()


@pytest.fixture
def opened(errors: CacheErrors) -> Iterator[Open]:
    opened: list[BlockingRedisCalls] = []

    def open_reader(environ: dict[str, str], **settings: Any) -> RedisStatisticsReader:
        known = RedisSettings.from_environ(environ).model_copy(update={"redis_timeout_seconds": 5.0} | settings)
        opened.append(BlockingRedisCalls(known, Breaker(errors)))
        return RedisStatisticsReader(opened[-1])

    yield open_reader
    for calls in opened:
        calls.close()


@pytest.mark.parametrize("cluster", [False, True])
def test_statistics_have_entries_memory_and_hit_rate(opened: Open, errors: CacheErrors, cluster: bool) -> None:
    with redis_server(cluster=cluster) as server, server.client() as client:
        for number in range(5):
            client.set(f"key:{number}", "x" * 1000)
        for name in ("key:0", "key:1", "key:2", "missing"):
            client.get(name)
        found = opened(server.environ).read()
        assert found.entries == 5
        assert found.memory_bytes is not None
        assert abs(found.memory_bytes - client.info("memory")["used_memory"]) < 1_000_000
        assert found.hit_rate_percent == 75
        assert errors.total == 0


def test_nodes_of_a_cluster_are_added_up(opened: Open) -> None:
    with redis_server(cluster=True) as first, redis_server(cluster=True, slots=False) as second:
        second.join(first)
        second.take("key:1", first)
        with first.client() as here, second.client() as there:
            here.set("key:2", "x")
            there.set("key:1", "x")
            there.get("key:1")
            here.get("key:2")
            here.get("key:2")
            found = opened(first.environ).read()
            memory = here.info("memory")["used_memory"] + there.info("memory")["used_memory"]
        assert found.entries == 2
        assert found.memory_bytes is not None
        assert abs(found.memory_bytes - memory) < 2_000_000
        assert found.hit_rate_percent is not None


def test_new_server_has_no_hit_rate(opened: Open, own_server: RedisServer) -> None:
    found = opened(own_server.environ).read()
    assert found.entries == 0
    assert found.memory_bytes
    assert found.hit_rate_percent is None


def test_fakeredis_reports_its_number_of_keys(opened: Open, fakeredis_environ: dict[str, str]) -> None:
    found = opened(fakeredis_environ).read()
    assert found.entries is not None
    assert found.memory_bytes is None


@pytest.mark.parametrize(
    ("forbidden", "refused", "unknown"),
    [
        ("-info", {"info"}, {"memory_bytes", "hit_rate_percent"}),
        ("-dbsize", {"dbsize"}, set[str]()),
        ("-@all", {"info", "dbsize"}, {"entries", "memory_bytes", "hit_rate_percent"}),
    ],
)
def test_missing_statistics_are_left_out(
    opened: Open, own_server: RedisServer, errors: CacheErrors, *, forbidden: str, refused: set[str], unknown: set[str]
) -> None:
    """A managed Redis may forbid commands. Without DBSIZE, the number of keys comes from INFO."""
    with own_server.client() as client:
        client.set("key", "x")
        client.get("key")
        client.acl_setuser("reader", enabled=True, nopass=True, keys=["*"], commands=["+@all", forbidden])
    found = opened({"REDIS_URL": own_server.url.replace("redis://", "redis://reader:any@")}).read()
    assert {name for name in RedisStatistics.__slots__ if getattr(found, name) is None} == unknown
    assert errors.by_operation.keys() == refused


@pytest.mark.parametrize("harm", [RedisServer.kill, RedisServer.pause])
def test_redis_that_does_not_answer_costs_one_budget(
    opened: Open, own_server: RedisServer, errors: CacheErrors, harm: Callable[[RedisServer], None]
) -> None:
    reader = opened(own_server.environ, redis_timeout_seconds=BUDGET_SECONDS)
    harm(own_server)
    began = time.monotonic()
    assert reader.read() == RedisStatistics()
    assert time.monotonic() - began < BUDGET_SECONDS + 5.0
    assert errors.total == 2
    own_server.kill()
