"""A Redis that is absent, silent, slow, full or dying: only the first call waits for it."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing

import pytest

from chat.messages import Usage
from chat.redis import Breaker, CacheErrors, RedisServices
from chat.redis.breaker.breaker import PROBE_SECONDS
from chat.sharing.event_log import AppendResult, LogUnavailableError, TextEntry
from chat.sharing.response_cache import CachedAnswer
from fakes.network.free_ports import NOBODY
from fakes.network.tcp_proxy import TcpProxy, tcp_proxy
from fakes.redis.logs import entries_of, read_what_is_there, text_of
from fakes.redis.ports import OpenServices
from fakes.redis.servers import RedisServer

BUDGET_SECONDS = 0.2
FIRST_SECONDS = 0.25
OPEN_SECONDS = 0.005
BACK_SECONDS = PROBE_SECONDS + 3
ANSWER = CachedAnswer("text", "stop", Usage(1, 2))


@pytest.fixture
def proxy(standalone: RedisServer) -> Iterator[TcpProxy]:
    with tcp_proxy("127.0.0.1", standalone.port) as proxy:
        yield proxy


@pytest.fixture
def refused_url() -> str:
    return f"redis://{NOBODY}"


@pytest.fixture
def silent_url() -> Iterator[str]:
    """A socket that takes connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        yield f"redis://127.0.0.1:{silent.getsockname()[1]}"


@pytest.mark.perf
async def test_refused_port_costs_nothing(refused_url: str, open_services: OpenServices) -> None:
    await _costs_one_budget(refused_url, open_services)


@pytest.mark.perf
async def test_silent_socket_costs_one_budget(silent_url: str, open_services: OpenServices) -> None:
    await _costs_one_budget(silent_url, open_services)


@pytest.mark.perf
async def test_silent_cluster_costs_one_budget(silent_url: str, open_services: OpenServices) -> None:
    await _costs_one_budget(silent_url, open_services, cluster=True)


@pytest.mark.perf
async def test_slow_server_costs_one_budget(proxy: TcpProxy, open_services: OpenServices) -> None:
    proxy.delay_seconds = 0.3
    await _costs_one_budget(proxy.url, open_services)


@pytest.mark.perf
async def test_crowd_waits_for_one_budget_together(silent_url: str, open_services: OpenServices) -> None:
    """The best of three, for other tests run beside this one."""
    delays = []
    for _ in range(3):
        errors = CacheErrors()
        services = open_services(silent_url, breaker=Breaker(errors), redis_timeout_seconds=BUDGET_SECONDS)
        gets = [services.cache.get(str(number)) for number in range(100)]
        delays.append(await _seconds(lambda gets=gets: asyncio.gather(*gets)))  # type: ignore[misc]  # bound now
        assert errors.by_operation == {"cache_get": 100}
    assert min(delays) <= FIRST_SECONDS + 0.1


async def test_opening_is_logged_once_without_keys(
    refused_url: str, open_services: OpenServices, caplog: pytest.LogCaptureFixture
) -> None:
    services = open_services(refused_url, redis_timeout_seconds=BUDGET_SECONDS)
    for _ in range(3):
        await services.cache.put("the-secret-key", CachedAnswer("the secret answer", "stop", None))
    assert [record.message for record in caplog.records] == ["redis_down"]
    assert "secret" not in str([vars(record) for record in caplog.records])


async def test_server_that_speaks_again_is_used_again(
    proxy: TcpProxy, open_services: OpenServices, session_id: str
) -> None:
    services = open_services(proxy.url, redis_timeout_seconds=BUDGET_SECONDS)
    await services.cache.put(session_id, ANSWER)
    proxy.silent = True
    assert await services.cache.get(session_id) is None
    proxy.silent = False
    assert await _seconds(lambda: _comes_back(services, session_id)) < BACK_SECONDS


async def test_killed_server_is_used_again_when_it_is_back(
    own_server: RedisServer, open_services: OpenServices, session_id: str
) -> None:
    errors = CacheErrors()
    services = open_services(own_server.url, breaker=Breaker(errors), redis_timeout_seconds=BUDGET_SECONDS)
    await services.cache.put(session_id, ANSWER)
    own_server.kill()
    assert await services.cache.get(session_id) is None
    own_server.start()
    async with asyncio.timeout(BACK_SECONDS):
        while await services.cache.get(session_id) is None:
            await services.cache.put(session_id, ANSWER)
            await asyncio.sleep(0.02)
    assert errors.total > 0


@pytest.mark.perf
async def test_paused_server_costs_one_budget(
    own_server: RedisServer, open_services: OpenServices, session_id: str
) -> None:
    """The best of three, for other tests run beside this one."""
    every = [open_services(own_server.url, redis_timeout_seconds=BUDGET_SECONDS) for _ in range(3)]
    for services in every:
        await services.cache.put(session_id, ANSWER)
    own_server.pause()
    try:
        delays = [await _seconds(lambda one=one: one.cache.get(session_id)) for one in every]  # type: ignore[misc]  # bound now
        assert min(delays) <= FIRST_SECONDS
        assert await _seconds(lambda: services.cache.get(session_id)) < OPEN_SECONDS
    finally:
        own_server.resume()
    await _comes_back(services, session_id)


async def test_follower_fails_when_its_server_dies(
    own_server: RedisServer, open_services: OpenServices, session_id: str
) -> None:
    services = open_services(own_server.url, redis_timeout_seconds=BUDGET_SECONDS)
    await services.log.append(session_id, epoch=1, entries=entries_of(["text"], done=False))
    async with services.log.follow(session_id, seen=0) as entries:
        assert await anext(entries) == TextEntry(5, "text")
        own_server.kill()
        with pytest.raises(LogUnavailableError):
            await anext(entries)
    with pytest.raises(LogUnavailableError):
        await services.log.append(session_id, epoch=1, entries=[])


async def test_follower_fails_when_its_server_falls_silent(
    proxy: TcpProxy, open_services: OpenServices, session_id: str
) -> None:
    services = open_services(proxy.url, redis_timeout_seconds=BUDGET_SECONDS)
    async with services.log.follow(session_id, seen=0) as entries:
        proxy.silent = True
        began = time.monotonic()
        with pytest.raises(LogUnavailableError):
            await anext(entries)
        assert time.monotonic() - began < 10


async def test_full_server_is_still_read(own_server: RedisServer, open_services: OpenServices, session_id: str) -> None:
    errors = CacheErrors()
    services = open_services(own_server.url, breaker=Breaker(errors), redis_timeout_seconds=BUDGET_SECONDS)
    await services.cache.put("kept", ANSWER)
    await services.log.append(session_id, epoch=1, entries=entries_of(["kept"], done=False))
    own_server.fill()
    await services.cache.put("refused", ANSWER)
    assert await services.cache.get("refused") is None
    assert await services.cache.get("kept") == ANSWER
    with pytest.raises(LogUnavailableError):
        await services.log.append(session_id, epoch=1, entries=[TextEntry(9, "more")])
    assert await services.log.append(session_id, epoch=1, entries=[]) is AppendResult.CONTINUE
    assert text_of(await read_what_is_there(services.log, session_id)) == "kept"
    assert await services.flight.claim("key", session_id) == session_id
    assert errors.by_operation == {"cache_put": 1, "log_append": 1, "flight_claim": 1}


async def test_read_only_server_is_left_for_the_new_primary(
    own_server: RedisServer, standalone: RedisServer, open_services: OpenServices
) -> None:
    """After a failover behind an address, the next call reconnects."""
    errors = CacheErrors()
    services = open_services(own_server.url, breaker=Breaker(errors), redis_timeout_seconds=BUDGET_SECONDS)
    await services.cache.put("first", ANSWER)
    with own_server.client() as client:
        client.slaveof("127.0.0.1", standalone.port)
        before = int(client.info("stats")["total_connections_received"])
        await services.cache.put("second", ANSWER)
        await services.cache.put("third", ANSWER)
        assert int(client.info("stats")["total_connections_received"]) == before + 1
        client.slaveof()
    assert errors.by_operation == {"cache_put": 2}


async def test_cancelled_calls_leave_no_answer_behind(
    proxy: TcpProxy, open_services: OpenServices, session_id: str
) -> None:
    """An unread response must never be returned to another caller."""
    services = open_services(proxy.url)
    for number in range(20):
        await services.cache.put(f"{session_id}{number}", CachedAnswer(f"answer {number}", "stop", None))
    proxy.delay_seconds = 0.005
    for cancelled_after_ms in range(30):
        calls = [asyncio.create_task(services.cache.get(f"{session_id}{number}")) for number in range(10)]
        await asyncio.sleep(cancelled_after_ms / 2000)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        for number in range(10, 20):
            answer = await services.cache.get(f"{session_id}{number}")
            assert answer is not None
            assert answer.text == f"answer {number}"


async def test_loop_that_was_held_up_does_not_blame_redis(
    standalone: RedisServer, open_services: OpenServices, session_id: str
) -> None:
    """An import can hold up the loop for longer than the budget, in the middle of connecting."""
    errors = CacheErrors()
    await open_services(standalone.url).cache.put(session_id, ANSWER)
    services = open_services(standalone.url, breaker=Breaker(errors), redis_timeout_seconds=BUDGET_SECONDS)
    asking = asyncio.create_task(services.cache.get(session_id))
    await asyncio.sleep(0)
    time.sleep(BUDGET_SECONDS * 2)  # noqa: ASYNC251  # this is what is tested
    assert await asking == ANSWER
    assert errors.total == 0


async def _costs_one_budget(url: str, open_services: OpenServices, *, cluster: bool = False) -> None:
    """Every port works without Redis, and only the first call waits."""
    delays = []
    for _ in range(3):  # the best of them, for other tests run beside this one
        errors = CacheErrors()
        services = open_services(
            url, breaker=Breaker(errors), redis_timeout_seconds=BUDGET_SECONDS, redis_cluster=cluster
        )
        delays.append(await _seconds(lambda services=services: services.cache.get("key")))  # type: ignore[misc]  # bound now
    assert min(delays) <= FIRST_SECONDS
    began = time.monotonic()
    await services.cache.put("key", ANSWER)
    assert await services.flight.claim("key", "mine") == "mine"
    await services.flight.renew("key", "mine")
    await services.flight.release("key", "mine")
    with pytest.raises(LogUnavailableError):
        await services.log.append("session", epoch=1, entries=[])
    with pytest.raises(LogUnavailableError):
        await services.log.follow("session", seen=0).__aenter__()
    assert time.monotonic() - began < 6 * OPEN_SECONDS
    operations = "cache_get cache_put flight_claim flight_renew flight_release log_append log_follow"
    assert errors.by_operation == dict.fromkeys(operations.split(), 1)


async def _comes_back(services: RedisServices, key: str) -> None:
    async with asyncio.timeout(BACK_SECONDS):
        while await services.cache.get(key) != ANSWER:
            await asyncio.sleep(0.02)


async def _seconds(call: Callable[[], Awaitable[object]]) -> float:
    began = time.monotonic()
    await call()
    return time.monotonic() - began
