"""Many paced streams in one process: lambda_asgi with as many concurrent invocations, beside uvicorn.

Lambda runs several invocations in a process on Managed Instances only. The Lambda Web Adapter takes one at a time, so
its column is uvicorn without it.
"""

import os
import re
import resource
import selectors
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from bench.figures import Figure, Suite
from bench.peers.paced_app import COUNT, PACE_SECONDS
from bench.peers.sides import MissingPeerError, free_port, lambda_asgi, uvicorn_command
from bench.runtime_api import cpu_seconds, event, resident_bytes

STREAMS = (10, 100, 500, 1000)
ROUNDS = 3
SPREAD_SECONDS = 1.0
_TOKEN = re.compile(rb"data: (\d+)\n\n")
_NEXT = b"GET /2018-06-01/runtime/invocation/next"
_LIMIT_SECONDS = 60.0


@dataclass
class _Stream:
    """One answer as it is received: when each token was sent and received, in nanoseconds."""

    sent: list[int] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    rest: bytes = b""

    def receive(self, piece: bytes, now: int) -> None:
        """Takes the tokens out of what is received; one may be cut."""
        data = self.rest + piece
        end = 0
        for match in _TOKEN.finditer(data):
            self.sent.append(int(match[1]))
            self.received.append(now)
            end = match.end()
        self.rest = data[end:]


@dataclass
class _Measured:
    """What the rounds of one side gave, for one number of streams."""

    latency_ms: list[float] = field(default_factory=list)
    jitter_ms: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    resident_mb: list[float] = field(default_factory=list)

    def add(self, streams: list[_Stream], cpu: float, resident: int) -> None:
        """One round, from when all streams have started: the median latency, and the 99th percentile of the jitter."""
        settled = max(stream.received[0] for stream in streams)
        tokens = [
            [token for token in zip(stream.sent, stream.received, strict=True) if token[0] > settled]
            for stream in streams
        ]
        latencies = [received - sent for stream in tokens for sent, received in stream]
        gaps = [later - earlier for stream in tokens for (_, earlier), (_, later) in pairwise(stream)]
        jitters = sorted(abs(gap - PACE_SECONDS * 1e9) for gap in gaps)
        self.latency_ms.append(statistics.median(latencies) / 1e6)
        self.jitter_ms.append(jitters[int(len(jitters) * 0.99)] / 1e6)
        self.cpu_us.append(cpu / (len(streams) * COUNT) * 1e6)
        self.resident_mb.append(resident / 1e6)


def run() -> Suite:
    """Both sides in turns, for each number of streams."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    try:
        uvicorn_command("paced_app:app", 0)
        peer = "uvicorn"
    except MissingPeerError as missing:
        peer = f"uvicorn: {missing}"
    sides: list[Callable[[int], tuple[list[_Stream], float, int]]] = [_lambda_asgi]
    if peer == "uvicorn":
        sides.append(_uvicorn)
    figures: list[Figure] = []
    for count in STREAMS:
        measured = [_Measured() for _ in sides]
        for _ in range(ROUNDS):
            for side, into in zip(sides, measured, strict=True):
                into.add(*side(count))
        figures += _figures(count, measured)
    title = f"paced streams in one process: a token each {PACE_SECONDS * 1e3:.0f} ms, medians of {ROUNDS} processes"
    return Suite(title, "lambda_asgi", peer, tuple(figures))


def _figures(count: int, measured: list[_Measured]) -> list[Figure]:
    def figure(
        name: str, unit: str, take: Callable[[_Measured], list[float]], limit: float, compare: str = "ratio"
    ) -> Figure:
        values = [statistics.median(take(each)) for each in measured]
        peer = values[1] if len(values) > 1 else None
        return Figure(f"{count} streams: {name}", unit, values[0], peer, limit, compare)

    return [
        figure("latency, median", "ms", lambda m: m.latency_ms, 0.5, "difference"),
        figure("jitter, p99", "ms", lambda m: m.jitter_ms, 5.0, "difference"),
        figure("CPU a token", "us", lambda m: m.cpu_us, 1.25),
        figure("resident memory", "MB", lambda m: m.resident_mb, 1.0),
    ]


def _lambda_asgi(count: int) -> tuple[list[_Stream], float, int]:
    with socket.create_server(("127.0.0.1", 0), backlog=count) as listener:
        command, environ = lambda_asgi("paced_app.app")
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        concurrency = {"AWS_LAMBDA_RUNTIME_API": address, "AWS_LAMBDA_MAX_CONCURRENCY": str(count)}
        with _process(command, environ | concurrency) as process:
            pollers = []
            for _ in range(count):
                listener.settimeout(_LIMIT_SECONDS)
                poller, _ = listener.accept()
                if not poller.recv(1 << 16).startswith(_NEXT):
                    raise AssertionError("expected /next")
                pollers.append(poller)
            return _receive(process, [(poller, _invocation(i)) for i, poller in enumerate(pollers)])


def _invocation(number: int) -> bytes:
    payload = event("")
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"Lambda-Runtime-Aws-Request-Id: 8f1f7b52-8c41-4a0e-9f5e-%012x\r\nLambda-Runtime-Deadline-Ms: %d\r\n"
        b"Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:123456789012:function:bench\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (number, int(time.time() * 1000) + 900_000, len(payload), payload)
    )


def _uvicorn(count: int) -> tuple[list[_Stream], float, int]:
    port = free_port()
    with _process(uvicorn_command("paced_app:app", port), {}) as process:
        _await_listening(port)
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
        return _receive(process, [(client, request) for client in clients])


def _await_listening(port: int) -> None:
    until = time.monotonic() + _LIMIT_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _receive(
    process: "subprocess.Popen[bytes]", requests: list[tuple[socket.socket, bytes]]
) -> tuple[list[_Stream], float, int]:
    """Sends the requests, spread over a second, and receives all answers; with the process's CPU time and memory."""
    before = cpu_seconds(process.pid)
    selector = selectors.DefaultSelector()
    streams: list[_Stream] = []
    started = time.monotonic()
    waiting = list(reversed(requests))
    unfinished = len(requests)
    while unfinished:
        now = time.monotonic()
        if now > started + _LIMIT_SECONDS:
            raise AssertionError(f"{unfinished} streams have not ended")
        while waiting and now >= started + len(streams) * SPREAD_SECONDS / len(requests):
            sock, request = waiting.pop()
            streams.append(_Stream())
            selector.register(sock, selectors.EVENT_READ, streams[-1])
            sock.sendall(request)
        for key, _ in selector.select(0.001 if waiting else 1.0):
            assert isinstance(key.fileobj, socket.socket)
            piece = key.fileobj.recv(1 << 16)
            key.data.receive(piece, time.monotonic_ns())
            if not piece or len(key.data.sent) == COUNT:
                selector.unregister(key.fileobj)
                unfinished -= 1
    cpu, resident = cpu_seconds(process.pid) - before, resident_bytes(process.pid)
    selector.close()
    for sock, _ in requests:
        sock.close()
    if any(len(stream.sent) != COUNT for stream in streams):
        raise AssertionError("a stream is not whole")
    return streams, cpu, resident


@contextmanager
def _process(command: list[str], environ: dict[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    process = subprocess.Popen(
        command, env=inherited | environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
