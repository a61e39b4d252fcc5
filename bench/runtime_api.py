"""A Lambda Runtime API that measures: one function's process at a time, one invocation at a time.

It does as little as it can between receiving bytes and looking at the clock, so both sides are measured alike.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

_NEXT = b"GET /2018-06-01/runtime/invocation/next"
_EXTENSION_REGISTER = b"POST /2020-01-01/extension/register "
_EXTENSION_NEXT = b"GET /2020-01-01/extension/event/next "
_REGISTERED = b"HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: bench\r\nContent-Length: 2\r\n\r\n{}"
_CPUCLOCK_SCHED = 2
_PATIENCE_SECONDS = 30.0


class FunctionError(Exception):
    """The measured process did something else than it should."""


@dataclass
class TimedResponse:
    """One streamed response and its timings, in seconds since the event was sent."""

    arrivals: list[tuple[float, int]] = field(default_factory=list)
    first_body_seconds: float = 0.0
    seconds: float = 0.0
    body: bytes = b""


def event(workload: str) -> bytes:
    """A Function URL's event, payload format 2.0, with headers as a browser sends them."""
    return json.dumps(
        {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/chat/stream",
            "rawQueryString": workload,
            "headers": {
                "accept": "text/event-stream",
                "accept-encoding": "gzip, deflate, br",
                "accept-language": "en-GB,en;q=0.5",
                "host": "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws",
                "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "x-amzn-trace-id": "Root=1-68f0d3a1-2b5c7e9f1a3d5c7e9b1f3a5d",
                "x-forwarded-for": "203.0.113.7",
                "x-forwarded-port": "443",
                "x-forwarded-proto": "https",
            },
            "requestContext": {
                "accountId": "anonymous",
                "apiId": "abcdefghijklmnopqrstuvwxyz012345",
                "domainName": "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws",
                "http": {
                    "method": "GET",
                    "path": "/chat/stream",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7",
                    "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                },
                "requestId": "8f1f7b52-8c41-4a0e-9f5e-6f2f5a3d9c01",
                "routeKey": "$default",
                "stage": "$default",
                "timeEpoch": 1700000000000,
            },
            "isBase64Encoded": False,
        }
    ).encode()


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, to the nanosecond (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)


def resident_bytes(pid: int) -> int:
    """Resident memory of a process now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Function:
    """A process that serves invocations, from its start to its end, with the processes that run beside it."""

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        folder: Path | None = None,
        beside: Sequence[Sequence[str]] = (),
    ) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._polling: socket.socket | None = None
        # A development machine's habits, which Lambda does not share.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NODE_"))}
        address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        started = time.perf_counter()
        self._processes = [
            subprocess.Popen(
                each,
                env={**inherited, **environ, "AWS_LAMBDA_RUNTIME_API": address},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            for each in (command, *beside)
        ]
        try:
            self._await_next()
        except BaseException:
            self._stop()
            raise
        self.start_seconds = time.perf_counter() - started

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stop()

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the processes so far."""
        return sum(cpu_seconds(process.pid) for process in self._processes)

    @property
    def resident_bytes(self) -> int:
        """Resident memory of the processes now."""
        return sum(resident_bytes(process.pid) for process in self._processes)

    def invoke(self, payload: bytes) -> TimedResponse:
        """Sends an event, receives the whole answer, and waits for the next ``/next``."""
        if self._polling is None:
            raise FunctionError("not waiting for an event")
        head = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Lambda-Runtime-Aws-Request-Id: 8f1f7b52-8c41-4a0e-9f5e-6f2f5a3d9c01\r\n"
            b"Lambda-Runtime-Deadline-Ms: %d\r\n"
            b"Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:123456789012:function:bench\r\n"
            b"Lambda-Runtime-Trace-Id: Root=1-68f0d3a1-2b5c7e9f1a3d5c7e9b1f3a5d;Sampled=0\r\n"
            b"Content-Length: %d\r\n\r\n" % (int(time.time() * 1000) + 900_000, len(payload))
        )
        polling, self._polling = self._polling, None
        started = time.perf_counter()
        polling.sendall(head + payload)
        answer = self._receive_answer(started)
        self._await_next()
        return answer

    def _receive_answer(self, started: float) -> TimedResponse:
        answer = TimedResponse()
        data = bytearray()
        while True:
            sock, piece = self._receive()
            now = time.perf_counter() - started
            data += piece
            answer.arrivals.append((now, len(data)))
            if not answer.first_body_seconds:
                prelude_end = data.find(bytes(8))
                if prelude_end != -1 and data.find(b"data:", prelude_end) != -1:
                    answer.first_body_seconds = now
            if _is_whole(data):
                break
        answer.seconds = now
        answer.body = bytes(data)
        sock.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        return answer

    def _await_next(self) -> None:
        while self._polling is None:
            sock, piece = self._receive()
            if piece.startswith(_EXTENSION_REGISTER):
                sock.sendall(_REGISTERED)
                continue
            if piece.startswith(_EXTENSION_NEXT):
                continue  # an extension that asked for no events gets none
            if not piece.startswith(_NEXT):
                raise FunctionError(f"expected /next, got {piece[:200]!r}")
            self._polling = sock

    def _receive(self) -> tuple[socket.socket, bytes]:
        """The next bytes from any of the process's connections."""
        while True:
            ready = self._selector.select(_PATIENCE_SECONDS)
            if not ready:
                raise FunctionError("nothing came in time")
            sock = ready[0][0].fileobj
            assert isinstance(sock, socket.socket)
            if sock is self._listener:
                connection, _ = sock.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._selector.register(connection, selectors.EVENT_READ)
                continue
            piece = sock.recv(1 << 20)
            # A sender with Nagle's algorithm on must not wait for a delayed ACK, which AWS's server may not cause.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            if piece:
                return sock, piece
            self._selector.unregister(sock)
            sock.close()
            for process in self._processes:
                if process.poll() is not None:
                    raise FunctionError(f"the process ended with {process.returncode}")

    def _stop(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()


def _is_whole(data: bytearray) -> bool:
    """A streamed answer ends with an empty chunk, a buffered one after its length."""
    if data.endswith(b"\r\n0\r\n\r\n"):
        return True
    head, end, body = data.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return bool(end and length) and len(body) >= int(length)
