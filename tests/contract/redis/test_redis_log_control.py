"""The synchronous side of the log, on Redis that answers and Redis that does not."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from chat.event_log import LogControl
from chat.ids import new_id
from chat.redis import CacheErrors, RedisSettings, control, keys
from chat.redis.control import NoLogControl, RedisLogControl
from chat.redis.scripts import REQUEST_STOP
from chat.redis.sync_calls import PROBE_SECONDS, SyncRedisCalls
from chat.sessions import BEGUN_SECONDS
from fakes.clock import FakeClock
from fakes.redis_servers import RedisServer
from fakes.slow_proxy import slow_proxy

FIRST_SECONDS = 0.25
OPEN_SECONDS = 0.005


def test_stop_of_a_log_that_is_not_there_ends_with_its_time(server: RedisServer, session_id: str) -> None:
    stops = RedisLogControl(RedisSettings.from_environ(server.environ), CacheErrors())
    with closing(stops), server.client() as client:
        stops.request_stop(session_id)
        assert BEGUN_SECONDS - 5 < int(client.ttl(keys.log(session_id).control)) <= BEGUN_SECONDS


def test_nonsense_is_no_text(server: RedisServer, session_id: str) -> None:
    errors, log = CacheErrors(), keys.log(session_id)
    stops = RedisLogControl(RedisSettings.from_environ(server.environ), errors)
    with closing(stops), server.client() as client:
        client.hset(log.control, mapping={"epoch": "1"})
        for name, value in (("t", b"\xff"), ("e", b"{"), ("e", b"[]"), ("x", b"{}")):
            client.delete(log.stream)
            client.xadd(log.stream, {name: value}, id="5-1")
            assert stops.text(session_id, epoch=1) is None
        client.set(log.stream, "text")
        assert stops.text(session_id, epoch=1) is None
        client.set(log.control, "text")
        stops.request_stop(session_id)
    assert errors.by_operation == {"log_text": 5, "log_stop": 1}


@pytest.mark.parametrize("cluster", ["false", "true"])
def test_silent_socket_costs_one_budget(cluster: str) -> None:
    errors = CacheErrors()
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        stops = RedisLogControl(RedisSettings.from_environ({"REDIS_URL": url, "REDIS_CLUSTER": cluster}), errors)
        with closing(stops):
            assert _seconds_to_stop(stops) <= FIRST_SECONDS
            assert _seconds_to_stop(stops) < OPEN_SECONDS
            assert stops.text("session", epoch=1) is None
    assert errors.by_operation == {"log_stop": 2, "log_text": 1}


def test_server_that_is_slow_at_each_step_costs_one_budget(standalone: RedisServer) -> None:
    with slow_proxy("127.0.0.1", standalone.port) as proxy:
        proxy.delay_seconds = 0.15
        url = proxy.url.replace("://", "://user:password@")
        stops = RedisLogControl(RedisSettings(redis_url=url), CacheErrors())
        with closing(stops):
            assert _seconds_to_stop(stops) <= FIRST_SECONDS


def test_one_call_finds_out_whether_redis_is_back(standalone: RedisServer, session_id: str) -> None:
    clock, errors = FakeClock(), CacheErrors()
    with slow_proxy("127.0.0.1", standalone.port) as proxy:
        settings = RedisSettings(redis_url=proxy.url)
        calls = SyncRedisCalls(settings, errors, monotonic=clock.now)

        def stop() -> bool:
            return calls.script("log_stop", REQUEST_STOP, (keys.log(session_id).control,), 60) is not None

        with closing(calls):
            assert stop()
            proxy.silent = True
            assert not stop()
            connections = proxy.connections
            clock.advance(PROBE_SECONDS - 0.1)
            assert not stop()
            clock.advance(0.2)
            with ThreadPoolExecutor(8) as threads:
                assert not any(threads.map(lambda _: stop(), range(8)))
            assert proxy.connections == connections + 1
            proxy.silent = False
            assert not stop()
            clock.advance(PROBE_SECONDS)
            assert stop()
            assert stop()


def test_without_redis_there_is_nothing_to_do() -> None:
    nothing = control(RedisSettings.from_environ({}))
    assert isinstance(nothing, NoLogControl)
    nothing.request_stop(new_id())
    assert nothing.text(new_id(), epoch=1) is None


def _seconds_to_stop(stops: LogControl) -> float:
    began = time.monotonic()
    stops.request_stop("session")
    return time.monotonic() - began
