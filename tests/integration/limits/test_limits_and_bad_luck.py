"""Rate limits when Redis is in trouble: DynamoDB counts then."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from chat.catalog import TierLimits
from chat.dynamo import Tables
from chat.errors import StorageError
from chat.ids import new_id
from chat.redis import BlockingRedisCalls, Breaker, CacheErrors, RedisSettings
from chat_start.rate_limiter import build_rate_limiter
from fakes.dynamodb.server import dynamodb_server
from fakes.dynamodb.tables import new_tables
from fakes.limits import patient
from fakes.redis.servers import RedisServer, redis_server

FIVE = TierLimits(requests_per_minute=5, concurrent_streams=2)
WAIT_SECONDS = 20


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with dynamodb_server() as url:
        yield new_tables(url)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def user_id() -> str:
    return new_id()


def settings(server: RedisServer) -> RedisSettings:
    return RedisSettings.from_environ(server.environ)


def in_dynamodb(tables: Tables, user_id: str) -> int:
    """How many requests of the user DynamoDB knows of."""
    return 5 - build_rate_limiter(None, tables).peek(user_id, FIVE).remaining


def test_redis_counts_while_it_answers(redis: RedisServer, tables: Tables, user_id: str) -> None:
    errors = CacheErrors()
    limiter = build_rate_limiter(BlockingRedisCalls(patient(settings(redis)), Breaker(errors)), tables)
    assert [limiter.hit(user_id, FIVE).allowed for _ in range(6)] == [True] * 5 + [False]
    assert in_dynamodb(tables, user_id) == 0
    assert errors.total == 0


def test_without_redis_dynamodb_counts(tables: Tables, user_id: str) -> None:
    limiter = build_rate_limiter(None, tables)
    assert [limiter.hit(user_id, FIVE).allowed for _ in range(6)] == [True] * 5 + [False]


def test_redis_that_is_not_there_when_the_process_starts(redis: RedisServer, tables: Tables, user_id: str) -> None:
    redis.kill()
    errors = CacheErrors()
    limiter = build_rate_limiter(BlockingRedisCalls(settings(redis), Breaker(errors)), tables)
    assert [limiter.hit(user_id, FIVE).allowed for _ in range(6)] == [True] * 5 + [False]
    assert errors.by_operation == {"rate_limit": 6}


def test_redis_dies_and_comes_back(redis: RedisServer, tables: Tables, user_id: str) -> None:
    limiter = build_rate_limiter(BlockingRedisCalls(patient(settings(redis)), Breaker()), tables)
    assert [limiter.hit(user_id, FIVE).remaining for _ in range(3)] == [4, 3, 2]
    redis.kill()
    assert [limiter.hit(user_id, FIVE).allowed for _ in range(6)] == [True] * 5 + [False]
    redis.start()
    deadline = time.monotonic() + WAIT_SECONDS
    while limiter.peek(user_id, FIVE).remaining != 5:  # as Redis has it, which has forgotten everything
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_request_is_given_back_where_it_was_counted(redis: RedisServer, tables: Tables, user_id: str) -> None:
    limiter = build_rate_limiter(BlockingRedisCalls(patient(settings(redis)), Breaker()), tables)
    in_redis = limiter.hit(user_id, FIVE)
    redis.kill()
    elsewhere = limiter.hit(user_id, FIVE)
    assert (in_redis.remaining, elsewhere.remaining, in_dynamodb(tables, user_id)) == (4, 4, 1)
    with pytest.raises(StorageError):
        limiter.give_back(user_id, FIVE, in_redis)
    assert in_dynamodb(tables, user_id) == 1
    limiter.give_back(user_id, FIVE, elsewhere)
    assert in_dynamodb(tables, user_id) == 0


def test_redis_that_is_full(redis: RedisServer, tables: Tables, user_id: str) -> None:
    limiter = build_rate_limiter(BlockingRedisCalls(patient(settings(redis)), Breaker()), tables)
    redis.fill()
    assert [limiter.hit(user_id, FIVE).allowed for _ in range(6)] == [True] * 5 + [False]
    redis.empty()
    assert limiter.hit(user_id, FIVE).remaining == 4


def test_entries_that_are_not_ours(redis: RedisServer, tables: Tables, user_id: str) -> None:
    limiter = build_rate_limiter(BlockingRedisCalls(patient(settings(redis)), Breaker()), tables)
    limiter.hit(user_id, FIVE)
    with redis.client() as client:
        keys: list[str] = client.keys("*")  # type: ignore[assignment]  # typed for the asynchronous client too
        assert len(keys) == 1
        for key in keys:
            client.set(key, "something else")
    assert [limiter.hit(user_id, FIVE).allowed for _ in range(6)] == [True] * 5 + [False]


PROGRAM = """
import sys
from chat.catalog import TierLimits
from chat.redis.rate_limiter import RedisFirstRateLimiter
from chat.redis import BlockingRedisCalls, Breaker, RedisSettings
from fakes.limits import NoRateLimiter, patient

calls = BlockingRedisCalls(patient(RedisSettings(redis_url=sys.argv[1])), Breaker())
limiter = RedisFirstRateLimiter(calls, NoRateLimiter())
print(sum(limiter.hit(sys.argv[2], TierLimits(20, 1)).allowed for _ in range(30)))
"""


def test_two_processes_share_one_budget(redis: RedisServer, user_id: str) -> None:
    command = [sys.executable, "-c", PROGRAM, redis.url, user_id]
    environ = {"PYTHONPATH": "tests"}
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) for _ in range(2)]
    allowed = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(allowed) == 20
