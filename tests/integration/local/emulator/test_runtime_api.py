"""The emulator's Runtime API refuses what Lambda's refuses."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from local_stack.emulator.invocation import EmulatedInvocation
from local_stack.emulator.runtime_api import RuntimeApi
from local_stack.http import http1

API = "/2018-06-01/runtime"
STREAMING = (
    "Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n"
    "Content-Type: application/vnd.awslambda.http-integration-response\r\n"
)
ERROR_TRAILER = "Lambda-Runtime-Function-Error-Type: App.Failed\r\n"


@dataclass
class RecordedResponse:
    """An `invocation.ResponseSink` that remembers."""

    content_type: str | None = None
    pieces: list[bytes] = field(default_factory=list)
    outcome: str | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def begin(self, content_type: str) -> None:
        self.content_type = content_type

    async def write(self, data: bytes) -> None:
        self.pieces.append(data)
        self.arrived.set()

    async def end(self) -> None:
        self.outcome = "complete"

    async def fail(self, error_type: str) -> None:
        self.outcome = error_type


class RecordedEvents:
    """`runtime_api.RuntimeEvents` that remember."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def runtime_ready(self) -> None:
        self.told.append("ready")

    def runtime_init_failed(self, error_type: str) -> None:
        self.told.append(error_type)

    def invocation_over(self, invocation: EmulatedInvocation) -> None:
        self.told.append("over")


class Runtime:
    """A Runtime API, and a runtime's side of it in raw bytes."""

    def __init__(self, concurrency: int) -> None:
        self.events = RecordedEvents()
        self.api = RuntimeApi("arn:x", concurrency, self.events)
        self.port = 0

    def submit(self) -> tuple[EmulatedInvocation, RecordedResponse]:
        response = RecordedResponse()
        invocation = EmulatedInvocation(b'{"an":"event"}', response, timeout_seconds=3)
        invocation.start()
        self.api.submit(invocation)
        return invocation, response

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def request(self, method: str, path: str, head: str = "", body: bytes = b"") -> tuple[int, str, bytes]:
        """Status, head and body of the response to one request on a new connection."""
        reader, writer = await self.connect()
        if "Transfer-Encoding" not in head:
            head += f"Content-Length: {len(body)}\r\n"
        writer.write(f"{method} {API}/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}\r\n".encode() + body)
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        answered, _, content = answer.partition(b"\r\n\r\n")
        return int(answered.split()[1]), answered.decode(), content

    async def post(self, path: str, head: str = "", body: bytes = b"{}") -> tuple[int, str]:
        status, _, content = await self.request("POST", path, head, body)
        return status, json.loads(content).get("errorType", "")


@asynccontextmanager
async def serving(concurrency: int = 1) -> AsyncIterator[Runtime]:
    runtime = Runtime(concurrency)
    listener = http1.bind("127.0.0.1", 0)
    runtime.port = listener.getsockname()[1]
    server = await http1.serve(listener, runtime.api.handle)
    yield runtime
    server.close()
    server.close_clients()
    await server.wait_closed()


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    async with serving() as started:
        yield started


async def test_next_describes_the_invocation(runtime: Runtime) -> None:
    invocation, _ = runtime.submit()

    status, head, body = await runtime.request("GET", "invocation/next")

    assert (status, body) == (200, b'{"an":"event"}')
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
    assert fields["lambda-runtime-aws-request-id"] == invocation.request_id
    assert fields["lambda-runtime-deadline-ms"] == str(invocation.deadline_ms)
    assert fields["lambda-runtime-invoked-function-arn"] == "arn:x"
    assert fields["lambda-runtime-trace-id"].startswith("root=1-")
    assert "lambda-runtime-invocation-id" not in fields


async def test_second_next_without_an_answer_is_refused(runtime: Runtime) -> None:
    runtime.submit()
    await runtime.request("GET", "invocation/next")

    assert (await runtime.request("GET", "invocation/next"))[0] == 403


async def test_buffered_answer_is_handed_on(runtime: Runtime) -> None:
    invocation, response = runtime.submit()
    await runtime.request("GET", "invocation/next")

    assert await runtime.post(f"invocation/{invocation.request_id}/response", "", b'"x"') == (202, "")
    assert (response.pieces, response.outcome) == ([b'"x"'], "complete")
    assert runtime.events.told == ["ready", "over"]


async def test_second_answer_is_refused(runtime: Runtime) -> None:
    invocation, _ = runtime.submit()
    await runtime.post(f"invocation/{invocation.request_id}/response")

    assert await runtime.post(f"invocation/{invocation.request_id}/response") == (400, "InvalidRequestID")


async def test_unknown_invocation_is_refused(runtime: Runtime) -> None:
    assert await runtime.post("invocation/none/response") == (400, "InvalidRequestID")
    assert await runtime.post("invocation/none/error") == (400, "InvalidRequestID")


async def test_invocation_that_timed_out_is_gone(runtime: Runtime) -> None:
    invocation, response = runtime.submit()
    runtime.api.abandon(invocation)

    assert await runtime.post(f"invocation/{invocation.request_id}/response") == (410, "InvocationGone")
    assert response.outcome is None


async def test_error_is_reported_with_its_type(runtime: Runtime) -> None:
    invocation, response = runtime.submit()

    assert await runtime.post(f"invocation/{invocation.request_id}/error", ERROR_TRAILER) == (202, "")
    assert (response.content_type, response.outcome) == (None, "App.Failed")


async def test_init_error_is_reported_with_its_type(runtime: Runtime) -> None:
    assert await runtime.post("init/error", ERROR_TRAILER) == (202, "")
    assert runtime.events.told == ["App.Failed"]


async def test_bytes_are_handed_on_as_they_come(runtime: Runtime) -> None:
    invocation, response = runtime.submit()
    reader, writer = await runtime.connect()
    path = f"{API}/invocation/{invocation.request_id}/response"
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\n{STREAMING}\r\n".encode())
    for piece in (b"one", b"two"):
        response.arrived.clear()
        writer.write(b"3\r\n%b\r\n" % piece)
        await asyncio.wait_for(response.arrived.wait(), 5)
        assert response.pieces[-1] == piece
    assert response.outcome is None

    writer.write(b"0\r\n\r\n")
    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 202 ")
    assert response.outcome == "complete"
    writer.close()


@pytest.mark.parametrize(
    ("announced", "outcome"),
    [("Trailer: Lambda-Runtime-Function-Error-Type\r\n", "App.Failed"), ("", "complete")],
    ids=["announced", "not announced"],
)
async def test_error_in_trailers_counts_if_it_was_announced(runtime: Runtime, announced: str, outcome: str) -> None:
    invocation, response = runtime.submit()
    body = f"4\r\nsome\r\n0\r\n{ERROR_TRAILER}\r\n".encode()

    status, _ = await runtime.post(f"invocation/{invocation.request_id}/response", STREAMING + announced, body)

    assert status == 202
    assert (response.pieces, response.outcome) == ([b"some"], outcome)


async def test_streamed_answer_that_breaks_off_failed(runtime: Runtime) -> None:
    invocation, response = runtime.submit()
    _, writer = await runtime.connect()
    path = f"{API}/invocation/{invocation.request_id}/response"
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\n{STREAMING}\r\n4\r\nsome\r\n".encode())
    await asyncio.wait_for(response.arrived.wait(), 5)
    writer.close()

    await asyncio.wait_for(invocation.over.wait(), 5)
    assert response.outcome == "Runtime.TruncatedResponse"


@pytest.mark.parametrize(
    "head",
    ["Lambda-Runtime-Function-Response-Mode: streaming\r\n", "Lambda-Runtime-Function-Response-Mode: quick\r\n"],
    ids=["not chunked", "unknown mode"],
)
async def test_framing_that_lambda_does_not_know_is_refused(runtime: Runtime, head: str) -> None:
    invocation, response = runtime.submit()

    status, error_type = await runtime.post(f"invocation/{invocation.request_id}/response", head)

    assert (status, error_type) == (400, "InvalidFunctionResponse")
    assert response.outcome is None


async def test_answer_over_6_mb_is_refused(runtime: Runtime) -> None:
    invocation, response = runtime.submit()

    status, _ = await runtime.post(f"invocation/{invocation.request_id}/response", "", b"x" * 6_300_000)

    assert status == 413
    assert (response.pieces, response.outcome) == ([], "Function.ResponseSizeTooLarge")


async def test_other_paths_are_not_of_this_api(runtime: Runtime) -> None:
    assert (await runtime.request("GET", "invocation/next/extra"))[0] == 404
    assert (await runtime.request("POST", "invocation/next"))[0] == 404


async def test_managed_instance_must_send_the_invocation_id_back() -> None:
    async with serving(concurrency=2) as runtime:
        (first, response), (second, _) = runtime.submit(), runtime.submit()
        for invocation in (first, second):
            head = (await runtime.request("GET", "invocation/next"))[1]
            assert f"lambda-runtime-invocation-id: {invocation.invocation_id}" in head
        path = f"invocation/{first.request_id}/response"

        assert await runtime.post(path) == (400, "InvalidInvocationID")
        assert await runtime.post(path, f"Lambda-Runtime-Invocation-Id: {first.invocation_id}\r\n") == (202, "")
        assert response.outcome == "complete"
