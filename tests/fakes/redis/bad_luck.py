"""What can happen to a running Redis, as blocks: it happens on entering, and is over on leaving."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from fakes.redis.servers import RedisServer

type BadLuck = Callable[[RedisServer], AbstractContextManager[None]]


@contextmanager
def refusing(redis: RedisServer) -> Iterator[None]:
    """Killed with -9: its connections end and its port refuses; it comes back empty."""
    redis.kill()
    with reserved(redis.port):
        try:
            yield
        finally:
            redis.start()


@contextmanager
def silent(redis: RedisServer) -> Iterator[None]:
    """Accepts connections and data, and never responds."""
    redis.pause()
    try:
        yield
    finally:
        redis.resume()


@contextmanager
def full(redis: RedisServer) -> Iterator[None]:
    """Responds OOM to writes; it is empty after recovery."""
    redis.fill()
    try:
        yield
    finally:
        redis.empty()


@contextmanager
def reserved(port: int) -> Iterator[None]:
    """Reserved: connections are refused until a test listens on it."""
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        yield
