"""A door before AWS that lets each function do what the template's policies allow it, and nothing else.

Emulators of DynamoDB know no permissions: a right that the template forgets would be noticed in an account only. The
functions are told apart by the application id that their SDK puts into the User-Agent (AWS_SDK_UA_APP_ID).
"""

import http.client
import json
import re
import threading
from collections.abc import Mapping, Sequence
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, override
from urllib.parse import urlsplit

from artefacts.policies import Permission, asked

_DYNAMODB = "com.amazonaws.dynamodb.v20120810"
_APPLICATION = re.compile(r"\bapp/(\w+)")
_HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


def caller(user_agent: str) -> str | None:
    """The function; None for anyone else."""
    match = _APPLICATION.search(user_agent)
    return match[1] if match else None


class Rights:
    """What each function may do, what it has asked for, and what it was refused."""

    def __init__(self, allowed: Mapping[str, set[Permission]]) -> None:
        self.used: dict[str, set[Permission]] = {name: set() for name in allowed}
        self.denied: list[tuple[str, Permission]] = []
        self._allowed = allowed

    def lacking(self, user_agent: str, operation: str, request: Mapping[str, Any]) -> list[Permission]:
        """The permissions that the caller lacks; callers other than the functions may do everything."""
        function = caller(user_agent)
        if function is None:
            return []
        needed = set(asked(operation, request))
        self.used[function] |= needed
        lacking = sorted(needed - self._allowed[function], key=str)
        self.denied += [(function, permission) for permission in lacking]
        return lacking


class BadLuck(StrEnum):
    """What may happen to a call once."""

    REFUSED = "a transaction is refused, for its first item is not as it was"
    FORGOTTEN = "a refusal does not tell the item that is in the way"


class Gate:
    """Listens on a free port of 127.0.0.1 from the start of the `with` block to its end.

    `bad_luck` is what happens to the next call of a function and operation.
    """

    def __init__(self, upstream: str, rights: Rights) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.gate = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self.upstream = urlsplit(upstream)
        self.rights = rights
        self.bad_luck: dict[tuple[str, str], BadLuck] = {}

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        gate: Gate = self.server.gate  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["content-length"]))
        operation = self.headers["x-amz-target"].partition(".")[2]
        request, agent = json.loads(body), self.headers["user-agent"]
        if lacking := gate.rights.lacking(agent, operation, request):
            self._refuse("com.amazon.coral.service#AccessDeniedException", f"not authorized: {lacking}")
            return
        luck = gate.bad_luck.pop((caller(agent) or "", operation), None)
        if luck is BadLuck.REFUSED:
            reasons = ["ConditionalCheckFailed", *["None"] * (len(request["TransactItems"]) - 1)]
            self._refuse(
                f"{_DYNAMODB}#TransactionCanceledException", str(reasons), [{"Code": code} for code in reasons]
            )
            return
        connection = http.client.HTTPConnection(gate.upstream.hostname or "", gate.upstream.port, timeout=30)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            connection.request("POST", self.path, body, headers)
            response = connection.getresponse()
            headers, content = dict(response.getheaders()), response.read()
            if luck is BadLuck.FORGOTTEN:
                headers = {name: value for name, value in headers.items() if name.lower() != "x-amz-crc32"}
                content = json.dumps({k: v for k, v in json.loads(content).items() if k != "Item"}).encode()
            self._answer(response.status, headers, content)
        finally:
            connection.close()

    def _refuse(self, kind: str, message: str, reasons: Sequence[Mapping[str, str]] = ()) -> None:
        document = {"__type": kind, "Message": message} | ({"CancellationReasons": reasons} if reasons else {})
        self._answer(400, {}, json.dumps(document).encode())

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""
