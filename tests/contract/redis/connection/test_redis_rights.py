"""What the template lets the functions' user do in Redis: all that they do, to their own keys, nothing dangerous."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError

from chat.catalog import TierLimits
from chat.ids import new_id
from chat.redis import BlockingRedisCalls, Breaker, CacheErrors, RedisLogControl, RedisSettings
from chat.redis.statistics import RedisStatisticsReader
from chat.sharing.response_cache import CachedAnswer
from fakes.limits import redis_limiter
from fakes.redis.logs import entries_of, read_to_end, text_of
from fakes.redis.ports import OpenServices
from fakes.redis.servers import RedisServer, redis_server
from local_stack.sam.cloudformation import load

TEMPLATE = Path(__file__).parents[4] / "template.yaml"
PASSWORD = "password"


@pytest.fixture(scope="module", params=[False, True], ids=["standalone", "cluster"])
def as_user(request: pytest.FixtureRequest) -> Iterator[RedisSettings]:
    """A Redis as the template's user sees it; a password stands in for the signed token."""
    with redis_server(cluster=request.param) as server:
        yield settings_of_user(server)


def settings_of_user(server: RedisServer) -> RedisSettings:
    rights = load(TEMPLATE)["Resources"]["CacheUser"]["Properties"]["AccessString"]
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "functions", f">{PASSWORD}", *rights.split())  # type: ignore[no-untyped-call]
    url = server.url.replace("://", f"://functions:{PASSWORD}@")
    return RedisSettings(redis_url=url, redis_cluster=server.cluster, redis_timeout_seconds=5)


async def test_user_may_do_what_the_functions_do(as_user: RedisSettings, open_services: OpenServices) -> None:
    errors, session_id = CacheErrors(), new_id()
    services = open_services(as_user.redis_url or "", breaker=Breaker(errors), redis_cluster=as_user.redis_cluster)
    answer = CachedAnswer("text", "stop", None)
    await services.cache.put("key", answer)
    assert await services.cache.get("key") == answer
    assert await services.flight.claim("key", session_id) == session_id
    await services.flight.renew("key", session_id)
    assert await services.flight.claim("key", "another") == session_id
    await services.flight.release("key", session_id)
    await services.log.append(session_id, epoch=1, entries=entries_of(["text"]))
    assert text_of(await read_to_end(services.log, session_id)) == "text"
    with closing(BlockingRedisCalls(as_user, Breaker(errors))) as calls:
        control = RedisLogControl(calls)
        control.request_stop(session_id)
        assert control.text(session_id, epoch=1) == "text"
        statistics = RedisStatisticsReader(calls).read()
        assert None not in (statistics.entries, statistics.memory_bytes)
    assert errors.by_operation == {}


def test_user_may_count_what_is_limited(as_user: RedisSettings) -> None:
    """Redis alone answers here: what it refused would be an error."""
    limiter, limits = redis_limiter(as_user), TierLimits(2, 1)
    used = limiter.hit("alice", limits)
    assert used.allowed
    limiter.give_back("alice", limits, used)
    assert limiter.peek("alice", limits).remaining == 2


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "another:key"),
        ("SET", "another:key", "value"),
        ("FLUSHALL",),
        ("KEYS", "*"),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
        ("CLIENT", "LIST"),
        ("SHUTDOWN",),
    ],
    ids=" ".join,
)
def test_user_may_not_touch_what_is_not_the_functions(as_user: RedisSettings, command: tuple[str, ...]) -> None:
    with Redis.from_url(as_user.redis_url or "", protocol=2) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command)
