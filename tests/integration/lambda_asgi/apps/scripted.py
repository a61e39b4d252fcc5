"""The application that the tests run: it does what the request's body, a JSON list of steps, says."""

import asyncio
import base64
import contextlib
import contextvars
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

LEFT_BEHIND = contextvars.ContextVar("LEFT_BEHIND", default="nothing")


class ScriptedError(Exception):
    """Raised by the step "raise"."""


class Run:
    """One request."""

    def __init__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.gates: dict[int, socket.socket] = {}
        self.body = b""
        self.found = ""

    async def start(self, status: int, headers: list[tuple[str, str]]) -> None:
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await self.send({"type": "http.response.start", "status": status, "headers": encoded})

    async def send_body(self, text: str, more: bool) -> None:
        await self.send({"type": "http.response.body", "body": base64.b64decode(text), "more_body": more})

    async def end(self) -> None:
        await self.send({"type": "http.response.body"})

    async def stamp(self) -> None:
        await self.send({"type": "http.response.body", "body": repr(time.monotonic()).encode(), "more_body": True})

    async def repeat(self, size: int, count: int) -> None:
        for index in range(count):
            body = bytes([index % 251]) * size
            await self.send({"type": "http.response.body", "body": body, "more_body": True})

    async def turn(self) -> None:
        await asyncio.sleep(0)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def gate(self, port: int) -> None:
        """Waits for one byte from the test, leaving the loop free."""
        sock = self._gate(port)
        sock.setblocking(False)
        if not await asyncio.get_running_loop().sock_recv(sock, 1):
            raise ConnectionError("the test has gone")

    async def block(self, port: int) -> None:
        """As `gate`, but no other task runs meanwhile: that is the misbehaviour under test."""
        if not self._gate(port).recv(1):
            raise ConnectionError("the test has gone")

    def _gate(self, port: int) -> socket.socket:
        if port not in self.gates:
            self.gates[port] = socket.create_connection(("127.0.0.1", port))
        return self.gates[port]

    async def fail(self, message: str) -> None:
        raise ScriptedError(message)

    async def exit(self, code: int) -> None:
        sys.exit(code)

    async def write_file(self, path: str) -> None:
        Path(path).write_text(os.environ.get("_X_AMZN_TRACE_ID", "no trace"))  # noqa: ASYNC240

    async def disconnect(self, path: str) -> None:
        message = await self.receive()
        Path(path).write_text(message["type"])  # noqa: ASYNC240

    async def await_stop(self) -> None:
        await self.scope["aws.lambda"]["stopping"].wait()
        _print_time("stopping")

    async def end_when_cancelled(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            _print_time("cancelled")
            raise

    async def ignore_cancellation(self) -> None:
        await _hold_on()

    async def thread(self, seconds: float) -> None:
        asyncio.get_running_loop().run_in_executor(None, time.sleep, seconds)

    async def print(self, text: str) -> None:
        print(text)

    async def remember(self, value: str) -> None:
        self.found = LEFT_BEHIND.get()
        LEFT_BEHIND.set(value)

    async def recall(self) -> None:
        await self.echo(found=self.found)

    async def echo(self, **more: str) -> None:
        document = {
            "scope": _jsonable(self.scope),
            "body": base64.b64encode(self.body).decode(),
            "trace": os.environ.get("_X_AMZN_TRACE_ID"),
            "loop": type(asyncio.get_running_loop()).__module__,
            **more,
        }
        await self.start(200, [("content-type", "application/json")])
        await self.send({"type": "http.response.body", "body": json.dumps(document).encode()})

    async def send_raw(self, message: dict[str, Any]) -> None:
        await self.send(message)


async def _hold_on() -> None:
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


def _print_time(moment: str) -> None:
    print(moment, time.monotonic())


def _jsonable(value: Any) -> Any:
    if isinstance(value, asyncio.Event):
        return value.is_set()
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_jsonable(item) for item in value]
    return value


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(scope, receive, send)
        return
    run = Run(scope, receive, send)
    message = await receive()
    assert (message["type"], message["more_body"]) == ("http.request", False)
    run.body = message["body"]
    steps = [["echo"]]
    if scope["path"] == "/steps":
        steps = json.loads(run.body)
    try:
        for name, *arguments in steps:
            await getattr(run, name)(*arguments)
    finally:
        for sock in run.gates.values():
            sock.close()


async def _lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    mode = os.environ.get("LIFESPAN", "")
    if mode == "unsupported":
        raise NotImplementedError
    assert (await receive()) == {"type": "lifespan.startup"}
    if mode == "fails":
        await send({"type": "lifespan.startup.failed", "message": "no database"})
        return
    scope["state"]["started"] = os.getpid()
    print("lifespan startup")
    await send({"type": "lifespan.startup.complete"})
    assert (await receive()) == {"type": "lifespan.shutdown"}
    if mode == "waits":
        await asyncio.Event().wait()
    if mode == "holds on":
        await _hold_on()
    if mode == "blocks":
        time.sleep(60)  # noqa: ASYNC251 - that is the misbehaviour under test
    _print_time("lifespan shutdown")
    await send({"type": "lifespan.shutdown.complete"})


def _stretch_the_stop(factor: float) -> None:
    """The same order with more time, for machines that are busy with other tests."""
    from lambda_asgi import stopping

    for name in [name for name in vars(stopping) if name.endswith("_SECONDS")]:
        setattr(stopping, name, getattr(stopping, name) * factor)


_stretch_the_stop(float(os.environ.get("STOP_TIMES", "1")))

no_app = "a string is not callable"
