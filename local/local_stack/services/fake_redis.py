"""fakeredis's server, with two differences that clients of a real Redis rely on."""

from typing import Any

from fakeredis import TcpFakeServer
from fakeredis._clients._tcp_server import TCPFakeRequestHandler
from redis.exceptions import ResponseError


class _Handler(TCPFakeRequestHandler):
    """Keeps a connection open after an error reply; fakeredis closes it."""

    def setup(self) -> None:
        super().setup()
        read_response = self.current_client.read_response

        def read(*args: Any, **kwargs: Any) -> Any:
            try:
                return read_response(*args, **kwargs)
            except ResponseError as error:
                return error  # is written as an error reply

        self.current_client.read_response = read  # type: ignore[method-assign]


class FakeRedisServer(TcpFakeServer):
    """Listens on a port of the loopback interface; the queue of new connections holds 128 instead of 5."""

    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), server_type="redis")
        self.RequestHandlerClass = _Handler
