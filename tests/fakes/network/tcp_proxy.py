"""A TCP proxy before a server: it delays every answer, lets none through, or cuts the connections."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

_CHUNK_BYTES = 65536


class TcpProxy:
    """`delay_seconds` and `silent` may change at any time, also for connections that are open."""

    def __init__(self, host: str, port: int, listen_port: int = 0) -> None:
        self.delay_seconds = 0.0
        self._target = (host, port)
        self._listening = socket.create_server(("127.0.0.1", listen_port))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._speaks = threading.Event()
        self._speaks.set()
        self.connections = 0
        """How many have been accepted."""
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def silent(self) -> bool:
        """Accepts connections and data without responding; responses follow once it is false again."""
        return not self._speaks.is_set()

    @silent.setter
    def silent(self, silent: bool) -> None:
        if silent:
            self._speaks.clear()
        else:
            self._speaks.set()

    def cut(self) -> int:
        """Ends all connections of this moment; returns how many sockets that were. New ones are taken as before."""
        with self._lock:
            open_now, self._open = self._open, set()
        for one in open_now:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        return len(open_now)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._speaks.set()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open |= {client, server}
            threading.Thread(target=self._pass_on, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(server, client, True), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                if answers:
                    time.sleep(self.delay_seconds)
                    self._speaks.wait()
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open.discard(source)
        source.close()


@contextlib.contextmanager
def tcp_proxy(host: str, port: int, listen_port: int = 0) -> Iterator[TcpProxy]:
    """A proxy before the server at `host` and `port`; without `listen_port` on a free port."""
    proxy = TcpProxy(host, port, listen_port)
    try:
        yield proxy
    finally:
        proxy.close()
