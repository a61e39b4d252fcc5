"""An issuer of tokens: its keys, and the server that publishes them."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest


class Issuer:
    """A JWKS endpoint. `document` is what it serves, `requests` how often it was asked."""

    def __init__(self) -> None:
        self.document: bytes = b"{}"
        self.status = 200
        self.requests = 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests += 1
                self.send_response(issuer.status)
                self.send_header("content-length", str(len(issuer.document)))
                self.end_headers()
                self.wfile.write(issuer.document)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is http.server's
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"

    def publish(self, *keys: dict[str, object]) -> None:
        self.document = json.dumps({"keys": keys}).encode()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    it = Issuer()
    thread = Thread(target=it.server.serve_forever, args=(0.01,))
    thread.start()
    yield it
    it.server.shutdown()
    thread.join()
    it.server.server_close()
