"""A proxy before DynamoDB Local that adds up what DynamoDB would charge for: read and write request units.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConsumedCapacity.html
"""

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_READS = {"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"}
_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}
_LEAST = 0.5
"""Units of a query that finds nothing, which DynamoDB Local takes for free."""
_OF_A_CONNECTION = {"transfer-encoding", "content-length", "connection", "x-amz-crc32", "server", "date"}


class DynamoDBMeter:
    """What has been consumed so far."""

    def __init__(self) -> None:
        self.units: Counter[str] = Counter()
        """`read` and `write`, indexes and transactions as they are charged."""
        self.calls: Counter[str] = Counter()
        """Requests by operation."""
        self._lock = threading.Lock()

    def count(self, operation: str, answer: dict[str, Any]) -> None:
        kind = "read" if operation in _READS else "write"
        consumed = answer.get("ConsumedCapacity") or []
        with self._lock:
            self.calls[operation] += 1
            for one in consumed if isinstance(consumed, list) else [consumed]:
                self.units[kind] += max(one["CapacityUnits"], _LEAST)

    def reset(self) -> None:
        with self._lock:
            self.units.clear()
            self.calls.clear()


@contextlib.contextmanager
def dynamodb_meter(url: str) -> Iterator[tuple[DynamoDBMeter, str]]:
    """The meter before the server at `url`, and the URL to use in its place."""
    meter = DynamoDBMeter()
    target = urlsplit(url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            operation = self.headers["x-amz-target"].rpartition(".")[2]
            metered = operation in _READS | _WRITES
            if metered:
                body = json.dumps(json.loads(body) | {"ReturnConsumedCapacity": "TOTAL"}).encode()
            headers = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
            server = HTTPConnection(target.hostname or "", target.port, timeout=30)
            try:
                server.request("POST", "/", body, headers)
                response = server.getresponse()
                content = response.read()
            finally:
                server.close()
            if metered and response.status == 200:
                meter.count(operation, json.loads(content))
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in _OF_A_CONNECTION:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield meter, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
