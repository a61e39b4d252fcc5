"""Redis servers of a test's own: standalone, or a cluster of one node that has all slots. They can have bad luck."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from fakes.network.free_ports import free_port

START_SECONDS = 20


class RedisServer:
    """A process on one port, which it keeps over restarts. Nothing it holds outlives it."""

    def __init__(
        self, folder: Path, *, cluster: bool = False, slots: bool = True, tls: tuple[Path, Path] | None = None
    ) -> None:
        """`tls`: the files of certificate and key."""
        self._folder = folder
        self._tls = tls
        self._slots = slots
        self._bus_port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.cluster = cluster
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"{'rediss' if self._tls else 'redis'}://127.0.0.1:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        """The variables that name it to the functions."""
        return {"REDIS_URL": self.url, "REDIS_CLUSTER": str(self.cluster).lower()}

    def start(self) -> None:
        """Starts it, also again; returns when it takes writes."""
        command = ["redis-server", "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        command += ["--tls-port" if self._tls else "--port", str(self.port)]
        if self._tls:
            certificate, key = map(str, self._tls)
            command += ["--port", "0", "--tls-cert-file", certificate, "--tls-key-file", key]
            command += ["--tls-auth-clients", "no", "--tls-ca-cert-file", certificate]
        if self.cluster:
            (self._folder / "nodes.conf").unlink(missing_ok=True)
            command += ["--cluster-enabled", "yes", "--cluster-port", str(self._bus_port)]
            command += ["--tls-cluster", "yes"] if self._tls else []  # it names its port with TLS then
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _until(self._answers)
        if self.cluster and self._slots:
            with self.client() as client:
                client.cluster("addslotsrange", 0, 16383)
            _until(self._has_slots)

    def kill(self) -> None:
        """kill -9; its port refuses from now on."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Stops it where it is: connections are accepted, and nothing is ever answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def fill(self) -> None:
        """Refuses writes from now on."""
        with self.client() as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", 1)

    def empty(self) -> None:
        """It forgets everything, and has all the memory it wants."""
        with self.client() as client:
            client.config_set("maxmemory", 0)
            client.flushall()

    @contextmanager
    def client(self) -> Iterator["Redis"]:
        """For looks behind the curtain; to a cluster's node, too."""
        trusted = {"ssl_ca_certs": str(self._tls[0])} if self._tls else {}
        with Redis.from_url(self.url, protocol=2, decode_responses=True, **trusted) as client:
            yield client

    def join(self, other: "RedisServer") -> None:
        """Becomes a node of the other's cluster, without slots so far."""
        with other.client() as there, self.client() as here:
            there.cluster("meet", "127.0.0.1", self.port, self._bus_port)
            _until(lambda: len(here.cluster("nodes")) == len(there.cluster("nodes")) > 1 and self._has_slots())

    def take(self, key: str, other: "RedisServer") -> None:
        """Migrates a key's slot with its keys from the other node, which then responds MOVED."""
        with other.client() as there, self.client() as here:
            slot, here_id, there_id = there.cluster("keyslot", key), here.cluster("myid"), there.cluster("myid")
            here.cluster("setslot", slot, "importing", there_id)
            there.cluster("setslot", slot, "migrating", here_id)
            if names := there.cluster("getkeysinslot", slot, 100):
                there.migrate("127.0.0.1", self.port, names, 0, 1000)
            for node in (here, there):
                node.cluster("setslot", slot, "node", here_id)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "redis-server did not start"
        with suppress(RedisError), self.client() as client:
            return bool(client.ping())
        return False

    def _has_slots(self) -> bool:
        with self.client() as client:
            return bool(client.cluster("info")["cluster_state"] == "ok")


def require_redis_server() -> None:
    """Skips where there is none."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")


@contextmanager
def redis_server(*, cluster: bool = False, slots: bool = True) -> Iterator[RedisServer]:
    """A running server, which has all `slots` of a cluster or none; skips where there is no redis-server."""
    require_redis_server()
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), cluster=cluster, slots=slots)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@contextmanager
def fakeredis_server() -> Iterator[str]:
    """The URL of the local stack's fakeredis server, in a separate process."""
    port = free_port()
    program = f"from local_stack.services.fake_redis import FakeRedisServer; FakeRedisServer({port}).serve_forever()"
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        try:
            _until(lambda: _pings(port))
            yield f"redis://127.0.0.1:{port}"
        finally:
            process.kill()


def _pings(port: int) -> bool:
    with suppress(RedisError), Redis(host="127.0.0.1", port=port, protocol=2) as client:
        return bool(client.ping())
    return False


def _until(done: Callable[[], Any]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not done():
        assert time.monotonic() < deadline, "a Redis server did not start in time"
        time.sleep(0.02)
