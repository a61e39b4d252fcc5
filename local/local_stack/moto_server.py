"""``python -m local_stack.moto_server``: moto's DynamoDB on a free port; prints its address.

moto's own server answers requests in threads, and its store is not made for that: two conditional writes at once could
both find their condition true. Here one request is answered at a time, as if DynamoDB had one partition.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class _Handler(WSGIRequestHandler):
    """Keeps connections open: clients would open one for each call otherwise."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True


class _OneAtATime:
    """A WSGI application that is never entered twice."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        with self._lock:
            response = self._application(environ, start_response)
            try:
                return [b"".join(response)]
            finally:
                if (close := getattr(response, "close", None)) is not None:
                    close()


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    application = _OneAtATime(create_backend_app("dynamodb"))
    server = make_server("127.0.0.1", port, application, threaded=True, request_handler=_Handler, fd=listener.fileno())
    print(f"moto on http://127.0.0.1:{port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
