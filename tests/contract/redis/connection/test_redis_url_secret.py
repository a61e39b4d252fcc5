"""Redis's address from a secret: how it is read, how often, and what a process takes of a change."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from chat.ids import new_id
from chat.redis import BlockingRedisCalls, Breaker, CacheErrors, RedisLogControl, RedisSettings, connect
from chat.redis.client import url_secret as module
from chat.redis.client.url_secret import CACHE_SECONDS, PAUSE_SECONDS, RedisAddress, RedisAddressError, RedisUrlSecret
from chat.secrets_manager import secrets_provider
from chat.sharing.response_cache import CachedAnswer
from fakes.clock import FakeClock
from fakes.redis.logs import entries_of
from fakes.redis.servers import RedisServer
from fakes.redis.tls import tls_redis_server
from local_stack.emulator.launch import FAKE_CREDENTIALS

ANSWER = CachedAnswer("text", "stop", None)
PATIENCE_SECONDS = 20
BUDGET_SECONDS = 1.0
"""Less than the secret takes, more than Redis may on a busy machine."""


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("rediss://redis.example.com", ("redis.example.com", 6379, 0, None, None)),
        ("rediss://:p%40ss@redis.example.com:6380/2\n", ("redis.example.com", 6380, 2, None, "p@ss")),
        ("rediss://chat:secret@[::1]:7000", ("::1", 7000, 0, "chat", "secret")),
    ],
)
def test_address_is_read(text: str, address: tuple[Any, ...]) -> None:
    assert RedisAddress.parse(text) == RedisAddress(*address)


@pytest.mark.parametrize(
    "text", ["-", "", "redis://:secret@h:6379", "rediss://:secret@", "rediss://:secret@h:port", "rediss://:secret@h/x"]
)
def test_secret_that_is_not_a_rediss_url_is_refused_and_not_logged(text: str) -> None:
    with pytest.raises(RedisAddressError) as caught:
        RedisAddress.parse(text)
    assert "secret@" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_address_does_not_show_itself() -> None:
    assert "host" not in repr(RedisAddress.parse("rediss://user:password@host"))


class Secret:
    """What Secrets Manager has, and how often it was asked."""

    def __init__(self, text: str | None) -> None:
        self.text = text
        self.asked = 0
        self.clock = FakeClock()
        self.reader = RedisUrlSecret("arn", read=self._read, monotonic=self.clock.now)

    def _read(self, arn: str) -> str:
        assert arn == "arn"
        self.asked += 1
        if self.text is None:
            raise RedisAddressError("Secrets Manager does not answer.")
        return self.text

    def host(self) -> str:
        """The address's, after a reading in the background is over."""
        self.reader.address()
        for thread in threading.enumerate():
            if thread.name == "redis-secret":
                thread.join(PATIENCE_SECONDS)
        return self.reader.address().host


def test_address_is_kept_for_its_time_and_then_read_again() -> None:
    secret = Secret("rediss://one")
    assert secret.host() == "one"
    secret.text = "rediss://two"
    secret.clock.advance(CACHE_SECONDS - 1)
    assert (secret.host(), secret.asked) == ("one", 1)
    secret.clock.advance(1)
    assert (secret.host(), secret.asked) == ("two", 2)


@pytest.mark.parametrize("text", [None, "no address"])
def test_last_address_is_used_until_another_is_read(text: str | None) -> None:
    secret = Secret("rediss://one")
    secret.host()
    secret.text = text
    secret.clock.advance(CACHE_SECONDS)
    assert (secret.host(), secret.asked) == ("one", 2)
    secret.text = "rediss://two"
    secret.clock.advance(PAUSE_SECONDS)
    assert secret.host() == "two"


def test_refused_password_is_reason_to_read_at_once_but_not_again_and_again() -> None:
    secret = Secret("rediss://:old@one")
    secret.host()
    secret.clock.advance(PAUSE_SECONDS)
    for _ in range(3):
        secret.reader.refused()
        secret.host()
    assert secret.asked == 2


def test_secret_that_was_never_read_is_asked_for_now_and_then() -> None:
    secret = Secret(None)
    for _ in range(3):
        with pytest.raises(RedisAddressError):
            secret.reader.address()
    assert secret.asked == 1
    secret.text = "rediss://one"
    secret.clock.advance(PAUSE_SECONDS)
    assert secret.host() == "one"


@pytest.fixture
def secrets_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    values = {"AWS_ENDPOINT_URL": address, "AWS_DEFAULT_REGION": "eu-central-1"}
    for name, value in values.items() | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    secrets_provider.cache_clear()
    with closing(boto3.client("secretsmanager")) as client:
        yield client
    secrets_provider.cache_clear()
    server.stop()


def let_in(server: RedisServer, password: str) -> str:
    """Requires the password from now on and disconnects all clients; returns the new address."""
    with server.client() as client:
        client.acl_setuser(
            "chat", enabled=True, reset=True, passwords=[f"+{password}"], keys=["chat:*"], categories=["+@all"]
        )
        client.client_kill_filter(user="chat")
    return f"rediss://chat:{password}@127.0.0.1:{server.port}"


async def test_process_reconnects_with_a_rotated_password(
    secrets_manager: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Both kinds of clients; no address is logged."""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.1)
    errors = CacheErrors()
    with tls_redis_server() as (server, certificate), caplog.at_level(logging.INFO):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        url = let_in(server, "old-password")
        arn = secrets_manager.create_secret(Name=new_id(), SecretString=url)["ARN"]
        settings = RedisSettings(redis_url_secret_arn=arn, redis_timeout_seconds=5)
        services = connect(settings, Breaker(errors))
        assert services is not None
        with closing(BlockingRedisCalls(settings, Breaker(errors))) as calls:
            stops = RedisLogControl(calls)
            await services.cache.put("key", ANSWER)
            assert await services.cache.get("key") == ANSWER
            await services.log.append("session", epoch=1, entries=entries_of(["text"]))
            assert await asyncio.to_thread(stops.text, "session", epoch=1) == "text"
            assert errors.by_operation == {}

            secrets_manager.put_secret_value(SecretId=arn, SecretString=let_in(server, "new-password"))
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await services.cache.get("key") != ANSWER:
                    await asyncio.sleep(0.1)
                while await asyncio.to_thread(stops.text, "session", epoch=1) != "text":
                    await asyncio.sleep(0.1)
        await services.close()
    assert "password" not in caplog.text


async def test_secret_without_an_address_is_a_redis_that_is_away(secrets_manager: Any) -> None:
    errors = CacheErrors()
    arn = secrets_manager.create_secret(Name=new_id(), SecretString="-")["ARN"]
    services = connect(RedisSettings(redis_url_secret_arn=arn), Breaker(errors))
    assert services is not None
    assert await services.cache.get("key") is None
    assert errors.by_operation == {"cache_get": 1}
    await services.close()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a process knows of AWS."""
    for name, value in FAKE_CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    secrets_provider.cache_clear()
    yield
    secrets_provider.cache_clear()


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("cluster", [False, True], ids=["one node", "cluster"])
async def test_nothing_is_read_before_the_first_call(monkeypatch: pytest.MonkeyPatch, *, cluster: bool) -> None:
    """A composition takes no time for what is elsewhere, and starts no thread."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        threads = {*threading.enumerate()}
        settings = RedisSettings(redis_url_secret_arn=f"arn:{new_id()}", redis_cluster=cluster)
        services = connect(settings, Breaker())
        assert services is not None
        with closing(BlockingRedisCalls(settings, Breaker())):
            assert {*threading.enumerate()} <= threads
            silent.setblocking(False)
            with pytest.raises(BlockingIOError):
                silent.accept()
        await services.close()


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("cluster", [False, True], ids=["one node", "cluster"])
async def test_first_call_waits_for_the_secret_outside_its_budget(
    monkeypatch: pytest.MonkeyPatch, *, cluster: bool
) -> None:
    errors = CacheErrors()
    with tls_redis_server(cluster=cluster) as (server, certificate):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

        def read(_arn: str) -> str:
            time.sleep(1.5 * BUDGET_SECONDS)
            return server.url

        secret = RedisUrlSecret("arn", read=read)
        monkeypatch.setattr(module, "url_secret", lambda _arn: secret)
        settings = RedisSettings(
            redis_url_secret_arn="arn", redis_cluster=cluster, redis_timeout_seconds=BUDGET_SECONDS
        )
        services = connect(settings, Breaker(errors))
        assert services is not None
        await services.cache.put("key", ANSWER)
        assert await services.cache.get("key") == ANSWER
        await services.close()
    assert errors.by_operation == {}


async def test_cluster_whose_address_could_not_be_read_is_found_later(
    secrets_manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.1)
    errors = CacheErrors()
    with tls_redis_server(cluster=True) as (server, certificate):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        arn = secrets_manager.create_secret(Name=new_id(), SecretString="-")["ARN"]
        settings = RedisSettings(redis_url_secret_arn=arn, redis_cluster=True, redis_timeout_seconds=5)
        services = connect(settings, Breaker(errors))
        assert services is not None
        assert await services.cache.get("key") is None
        assert errors.by_operation == {"cache_get": 1}
        secrets_manager.put_secret_value(SecretId=arn, SecretString=server.url)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await services.cache.get("key") != ANSWER:
                await services.cache.put("key", ANSWER)
                await asyncio.sleep(0.05)
        await services.close()


def test_address_and_secret_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        RedisSettings(redis_url="rediss://h", redis_url_secret_arn="arn")
