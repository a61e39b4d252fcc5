"""An HTTP proxy that does what networks, proxies and faulty services do: collects, changes, cuts, lets in.

One request a connection, as `scripts/smoke.py` sends them.
"""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

_CHUNK_BYTES = 65536
_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """Header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def with_headers(self, **headers: str) -> "Request":
        return replace(self, headers=self.headers | headers)


Edit = Callable[[Request], Request]
Pump = Callable[[Request, socket.socket, socket.socket], None]


def unchanged(request: Request) -> Request:
    return request


def at_once(_request: Request, source: socket.socket, sink: socket.socket) -> None:
    """Passes on what comes, as it comes."""
    while data := source.recv(_CHUNK_BYTES):
        sink.sendall(data)


def at_the_end(_request: Request, source: socket.socket, sink: socket.socket) -> None:
    """Collects the whole answer first."""
    sink.sendall(_all_of(source))


def every(seconds: float) -> Pump:
    """Collects what comes, and passes it on so often."""

    def pump(_request: Request, source: socket.socket, sink: socket.socket) -> None:
        held, ended = [b""], threading.Event()

        def collect() -> None:
            while data := source.recv(_CHUNK_BYTES):
                held.append(data)
            ended.set()

        threading.Thread(target=collect, daemon=True).start()
        last = False
        while not last:
            last = ended.wait(seconds)
            count = len(held)
            sink.sendall(b"".join(held[:count]))
            del held[:count]

    return pump


def cutting(path: str, size: int) -> Pump:
    """Ends the connection after so many bytes of the answer to a request for that path."""

    def pump(request: Request, source: socket.socket, sink: socket.socket) -> None:
        if not request.target.startswith(path):
            at_once(request, source, sink)
            return
        left = size
        while left > 0 and (data := source.recv(left)):
            sink.sendall(data)
            left -= len(data)

    return pump


def replacing(path: str, pattern: bytes, replacement: bytes) -> Pump:
    """Changes the answers to requests for that path, which it collects first; as long a text must come out."""

    def pump(request: Request, source: socket.socket, sink: socket.socket) -> None:
        if request.target.startswith(path):
            sink.sendall(re.sub(pattern, replacement, _all_of(source)))
        else:
            at_once(request, source, sink)

    return pump


@contextlib.contextmanager
def tampering_proxy(host: str, port: int, *, edit: Edit = unchanged, pump: Pump = at_once) -> Iterator[str]:
    """A proxy before the server at `host` and `port`; its address as a URL."""
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=_serve, args=(client, (host, port), edit, pump), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _serve(client: socket.socket, target: tuple[str, int], edit: Edit, pump: Pump) -> None:
    with client, contextlib.suppress(OSError), socket.create_connection(target) as server:
        request = edit(_read(client))
        headers = {**request.headers, "connection": "close"}
        if request.body:
            headers["content-length"] = str(len(request.body))
        lines = [
            f"{request.method} {request.target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        server.sendall("\r\n".join(lines).encode() + _HEAD_END + request.body)
        pump(request, server, client)


def _read(client: socket.socket) -> Request:
    data = b""
    while _HEAD_END not in data:
        data += _received(client)
    head, _, body = data.partition(_HEAD_END)
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += _received(client)
    return Request(method, target, headers, body)


def _received(client: socket.socket) -> bytes:
    data = client.recv(_CHUNK_BYTES)
    if not data:
        raise ConnectionResetError("the client has gone")
    return data


def _all_of(source: socket.socket) -> bytes:
    parts = []
    while data := source.recv(_CHUNK_BYTES):
        parts.append(data)
    return b"".join(parts)
