"""A Redis cluster of a primary and its replica, which can take its place."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fakes.redis.servers import RedisServer, redis_server

LIMIT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class ReplicatedCluster:
    """One of the two has all slots, at first `one`."""

    one: RedisServer
    other: RedisServer

    def fail_over(self) -> None:
        """Swaps primary and replica: the former primary responds MOVED."""
        with self.one.client() as one, self.other.client() as other:
            old, new = (one, other) if _role(one) == "master" else (other, one)
            _until(lambda: new.info("replication")["master_link_status"] == "up")
            new.cluster("failover", "takeover")
            _until(lambda: (_role(new), _role(old)) == ("master", "slave"))


@contextmanager
def replicated_cluster() -> Iterator[ReplicatedCluster]:
    """Both running, the replica up to date; skips where there is no redis-server."""
    with redis_server(cluster=True) as one, redis_server(cluster=True, slots=False) as other:
        other.join(one)
        with one.client() as primary, other.client() as replica:
            for node in (primary, replica):
                node.config_set("repl-diskless-sync-delay", 0)
            replica.cluster("replicate", primary.cluster("myid"))
            _until(lambda: replica.info("replication").get("master_link_status") == "up")
        yield ReplicatedCluster(one, other)


def _role(client: Any) -> Any:
    return client.info("replication")["role"]


def _until(done: Callable[[], Any]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not done():
        assert time.monotonic() < deadline, "the cluster did not get there in time"
        time.sleep(0.02)
