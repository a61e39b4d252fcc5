"""The Extensions API beside the tests' Runtime API, for one extension, read as strictly."""

import json
import socket

from integration.lambda_asgi.runtime.scripted_invocations import response_bytes
from integration.lambda_asgi.runtime.strict_reading import FramingError, Reader, Request

PREFIX = "/2020-01-01/extension/"
IDENTIFIER = "5b4f1c3e-extension"


class ExtensionsApi:
    """Notes in which order an extension registers and waits, and the runtime asks for its first event."""

    def __init__(self) -> None:
        self.status = 200
        """Of the answer to a registration."""
        self.calls: list[str] = []
        self.name = ""

    def handle(self, sock: socket.socket, reader: Reader, request: Request) -> bool:
        """Whether the connection lives on."""
        if (request.method, request.path) == ("POST", PREFIX + "register"):
            reader.read_body(request)
            if json.loads(request.body) != {"events": []}:
                raise FramingError(f"unexpected events: {request.body!r}")
            self.name = request.headers["lambda-extension-name"]
            self.calls.append("register")
            identifier = f"Lambda-Extension-Identifier: {IDENTIFIER}\r\n".encode()
            head, _, body = response_bytes(self.status, b"{}").partition(b"\r\n")
            sock.sendall(head + b"\r\n" + (identifier if self.status == 200 else b"") + body)
            return True
        if (request.method, request.path) == ("GET", PREFIX + "event/next"):
            if request.headers.get("lambda-extension-identifier") != IDENTIFIER:
                raise FramingError(f"an unknown extension waits: {request.head!r}")
            self.calls.append("wait")
            reader.ignore_until_closed()  # no event was asked for
            return False
        raise FramingError(f"unexpected request: {request.head!r}")
