"""What one client of a process finds out about Redis, the others know: a silent one costs a request one budget."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from chat.messages import Usage
from chat.redis import BlockingRedisCalls, Breaker, RedisServices, RedisSettings, RedisUnavailableError
from chat.redis.client.blocking_calls import MAX_CALLS
from chat.sharing.response_cache import CachedAnswer
from fakes.network.tcp_proxy import TcpProxy, tcp_proxy
from fakes.redis.ports import OpenServices
from fakes.redis.servers import RedisServer

FIRST_SECONDS = 0.25
KNOWN_SECONDS = 0.05
BACK_SECONDS = 10.0
ANSWER = CachedAnswer("text", "stop", Usage(1, 2))


@pytest.fixture
def proxy(standalone: RedisServer) -> Iterator[TcpProxy]:
    with tcp_proxy("127.0.0.1", standalone.port) as proxy:
        yield proxy


class Clients:
    """The two kinds of a process: of threads, and of the event loop."""

    def __init__(self, calls: BlockingRedisCalls, services: RedisServices) -> None:
        self.calls = calls
        self.services = services

    def ping(self) -> bool:
        return pings(self.calls)

    async def kept(self, key: str) -> bool:
        await self.services.cache.put(key, ANSWER)
        return await self.services.cache.get(key) == ANSWER


def pings(calls: BlockingRedisCalls) -> bool:
    try:
        return bool(calls.call("ping", lambda client: client.ping()))
    except RedisUnavailableError:
        return False


@pytest.fixture
def clients(proxy: TcpProxy, open_services: OpenServices) -> Iterator[Clients]:
    breaker = Breaker()
    calls = BlockingRedisCalls(RedisSettings(redis_url=proxy.url), breaker)
    with closing(calls):
        clients = Clients(calls, open_services(proxy.url, breaker=breaker, redis_timeout_seconds=1.0))
        deadline = time.monotonic() + BACK_SECONDS
        while not clients.ping():  # on a busy machine not the first time
            assert time.monotonic() < deadline
        yield clients


@pytest.mark.perf
async def test_silence_that_a_thread_met_costs_the_event_loop_nothing(
    clients: Clients, proxy: TcpProxy, session_id: str
) -> None:
    assert await clients.kept(session_id)
    proxy.silent = True
    assert not clients.ping()
    began = time.monotonic()
    assert await clients.services.cache.get(session_id) is None
    assert time.monotonic() - began < KNOWN_SECONDS


@pytest.mark.perf
async def test_silence_that_the_event_loop_met_costs_a_thread_nothing(
    clients: Clients, proxy: TcpProxy, session_id: str
) -> None:
    assert await clients.kept(session_id)
    proxy.silent = True
    assert await clients.services.cache.get(session_id) is None
    began = time.monotonic()
    assert not clients.ping()
    assert time.monotonic() - began < KNOWN_SECONDS


@pytest.mark.parametrize("thread_meets_it", [True, False], ids=["thread", "event loop"])
async def test_both_use_a_server_that_is_back(
    clients: Clients, proxy: TcpProxy, session_id: str, *, thread_meets_it: bool
) -> None:
    assert await clients.kept(session_id)
    proxy.silent = True
    assert not (clients.ping() if thread_meets_it else await clients.kept(session_id))
    proxy.silent = False
    deadline = time.monotonic() + BACK_SECONDS
    while not (await clients.kept(session_id) and clients.ping()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_client_that_is_closed_leaves_no_outage_behind(
    clients: Clients, proxy: TcpProxy, session_id: str
) -> None:
    """No probe would close the breaker again."""
    proxy.silent = True
    assert not await clients.kept(session_id)
    await clients.services.close()
    proxy.silent = False
    assert clients.ping()


@pytest.mark.perf
def test_crowd_of_threads_waits_for_one_budget_together(proxy: TcpProxy) -> None:
    """The best of three, for other tests run beside this one."""
    proxy.silent = True
    delays = []
    for _ in range(3):
        calls = BlockingRedisCalls(RedisSettings(redis_url=proxy.url), Breaker())
        with closing(calls), ThreadPoolExecutor(5 * MAX_CALLS) as crowd:
            began = time.monotonic()
            answers = list(crowd.map(lambda _, calls=calls: pings(calls), range(10 * MAX_CALLS)))
            delays.append(time.monotonic() - began)
        assert not any(answers)
    assert min(delays) < FIRST_SECONDS


@pytest.mark.perf
def test_crowd_of_threads_queues_off_budget(clients: Clients, proxy: TcpProxy) -> None:
    """A slow server is not down because many ask it: the queue is four times as long as the budget."""
    proxy.delay_seconds = 0.08
    with ExitStack() as stack:
        crowd = stack.enter_context(ThreadPoolExecutor(10 * MAX_CALLS))
        assert all(crowd.map(lambda _: clients.ping(), range(10 * MAX_CALLS)))
