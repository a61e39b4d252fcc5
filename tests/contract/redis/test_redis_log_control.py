"""The synchronous side of the log, on Redis that answers and Redis that does not."""

import socket
import time
from contextlib import closing

import pytest

from chat.ids import new_id
from chat.redis import (
    BlockingRedisCalls,
    Breaker,
    NoLogControl,
    RedisLogControl,
    RedisSettings,
    RedisUnavailableError,
    keys,
)
from chat.redis.scripts import REQUEST_STOP
from chat.sessions import STREAM_LIFETIME_SECONDS
from chat.sharing.event_log import LogControl
from fakes.network.tcp_proxy import tcp_proxy
from fakes.redis.servers import RedisServer

FIRST_SECONDS = 0.25
OPEN_SECONDS = 0.005


def test_stop_of_a_log_that_is_not_there_ends_with_its_time(server: RedisServer, session_id: str) -> None:
    calls = BlockingRedisCalls(RedisSettings.from_environ(server.environ), Breaker())
    with closing(calls), server.client() as client:
        RedisLogControl(calls).request_stop(session_id)
        assert STREAM_LIFETIME_SECONDS - 5 < int(client.ttl(keys.log(session_id).control)) <= STREAM_LIFETIME_SECONDS


def test_nonsense_is_no_text(server: RedisServer, session_id: str) -> None:
    log = keys.log(session_id)
    calls = BlockingRedisCalls(RedisSettings.from_environ(server.environ), Breaker())
    stops = RedisLogControl(calls)
    with closing(calls), server.client() as client:
        client.hset(log.control, mapping={"epoch": "1"})
        for name, value in (("t", b"\xff"), ("e", b"{"), ("e", b"[]"), ("x", b"{}")):
            client.delete(log.stream)
            client.xadd(log.stream, {name: value}, id="5-1")
            assert stops.text(session_id, epoch=1) is None
        client.set(log.stream, "text")
        assert stops.text(session_id, epoch=1) is None
        client.set(log.control, "text")
        stops.request_stop(session_id)
    assert calls.breaker.errors.by_operation == {"log_text": 5, "log_stop": 1}


@pytest.mark.perf
@pytest.mark.parametrize("cluster", ["false", "true"])
def test_silent_socket_costs_one_budget(cluster: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        settings = RedisSettings.from_environ({"REDIS_URL": url, "REDIS_CLUSTER": cluster})
        delays = []
        for _ in range(3):  # the best of them, for other tests run beside this one
            calls = BlockingRedisCalls(settings, Breaker())
            stops = RedisLogControl(calls)
            with closing(calls):
                delays.append((_seconds_to_stop(stops), _seconds_to_stop(stops)))
                assert stops.text("session", epoch=1) is None
            assert calls.breaker.errors.by_operation == {"log_stop": 2, "log_text": 1}
    first, later = map(min, zip(*delays, strict=True))
    assert first <= FIRST_SECONDS
    assert later < OPEN_SECONDS


@pytest.mark.perf
def test_server_that_is_slow_at_each_step_costs_one_budget(standalone: RedisServer) -> None:
    with tcp_proxy("127.0.0.1", standalone.port) as proxy:
        proxy.delay_seconds = 0.15
        url = proxy.url.replace("://", "://user:password@")
        delays = []
        for _ in range(3):  # the best of them, for other tests run beside this one
            with closing(BlockingRedisCalls(RedisSettings(redis_url=url), Breaker())) as calls:
                delays.append(_seconds_to_stop(RedisLogControl(calls)))
        assert min(delays) <= FIRST_SECONDS


def test_redis_that_is_back_is_noticed_and_no_call_waits_for_that(standalone: RedisServer, session_id: str) -> None:
    with tcp_proxy("127.0.0.1", standalone.port) as proxy:
        calls = BlockingRedisCalls(RedisSettings(redis_url=proxy.url), Breaker())

        def stop() -> bool:
            try:
                calls.script("log_stop", REQUEST_STOP, (keys.log(session_id).control,), 60)
            except RedisUnavailableError:
                return False
            return True

        with closing(calls):
            assert stop()
            proxy.silent = True
            assert not stop()
            began, connections = time.monotonic(), proxy.connections
            while proxy.connections < connections + 3:  # looks whether it is back
                assert not stop()
                assert time.monotonic() < began + 10
                time.sleep(0.01)
            proxy.silent = False
            while not stop():
                assert time.monotonic() < began + 20
                time.sleep(0.01)
            assert stop()


def test_closed_control_does_nothing(server: RedisServer, session_id: str) -> None:
    breaker = Breaker()
    settings = RedisSettings.from_environ({**server.environ, "REDIS_TIMEOUT_SECONDS": "5"})
    closed, open_calls = BlockingRedisCalls(settings, breaker), BlockingRedisCalls(settings, breaker)
    stops, another = RedisLogControl(closed), RedisLogControl(open_calls)
    with closing(open_calls), server.client() as client:
        stops.request_stop(session_id)
        closed.close()
        closed.close()
        client.delete(keys.log(session_id).control)
        stops.request_stop(session_id)
        assert stops.text(session_id, epoch=1) is None
        assert breaker.errors.by_operation == {"log_stop": 1, "log_text": 1}
        assert not client.exists(keys.log(session_id).control)
        another.request_stop(session_id)  # Redis is not taken for down
        assert client.exists(keys.log(session_id).control)


def test_control_without_redis_does_nothing() -> None:
    nothing = NoLogControl()
    nothing.request_stop(new_id())
    assert nothing.text(new_id(), epoch=1) is None


def _seconds_to_stop(stops: LogControl) -> float:
    began = time.monotonic()
    stops.request_stop("session")
    return time.monotonic() - began
