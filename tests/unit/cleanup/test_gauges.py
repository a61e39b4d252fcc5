"""What Redis reports of itself, as gauges."""

import pytest

from chat.redis.statistics import RedisStatistics
from fakes.functions.cleanup_world import CleanupWorld


@pytest.fixture
def world() -> CleanupWorld:
    return CleanupWorld()


def test_redis_gauges_are_published(world: CleanupWorld) -> None:
    world.statistics = RedisStatistics(entries=12, memory_bytes=1_000_000, hit_rate_percent=87.5)
    found = world.run()
    assert (found["CacheEntries"], found["CacheMemoryBytes"], found["CacheHitRate"]) == (12, 1_000_000, 87.5)


def test_missing_redis_statistics_are_left_out(world: CleanupWorld) -> None:
    world.statistics = RedisStatistics(entries=0)
    found = world.run()
    assert found["CacheEntries"] == 0
    assert not {"CacheMemoryBytes", "CacheHitRate"} & found.keys()
