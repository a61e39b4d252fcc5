"""What leaves the runtime, in which chunks, and when."""

import json
import statistics
import time
from pathlib import Path
from threading import Event

import pytest

from integration.lambda_asgi.conftest import StartRuntime
from integration.lambda_asgi.processes import Gate
from integration.lambda_asgi.runtime.events import http_event, steps, text
from integration.lambda_asgi.runtime.runtime_api import RuntimeApi
from integration.lambda_asgi.runtime.scripted_invocations import Script
from integration.lambda_asgi.runtime.strict_reading import NULS

START = ["start", 200, [["content-type", "text/plain"]]]
PRELUDE = b'{"statusCode":200,"headers":{"content-type":"text/plain"},"cookies":[]}' + NULS


def test_answer_is_right_to_the_byte(served: RuntimeApi) -> None:
    invocation = served.invoke(steps(START, ["send_body", text("Hello"), True], ["end"]))
    answer = invocation.result()
    assert answer.head == (
        b"POST /2018-06-01/runtime/invocation/%b/response HTTP/1.1\r\n"
        b"Host: %b\r\n"
        b"Content-Type: application/vnd.awslambda.http-integration-response\r\n"
        b"Lambda-Runtime-Function-Response-Mode: streaming\r\n"
        b"Transfer-Encoding: chunked\r\n"
        b"Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n"
    ) % (invocation.request_id.encode(), served.address.encode())
    assert [chunk.data for chunk in answer.chunks] == [PRELUDE, b"Hello"]
    assert answer.trailers == {}


def test_each_token_leaves_before_the_next_is_made(served: RuntimeApi, gate: Gate) -> None:
    """The application waits for the test between any two tokens: a token held back would stop them both."""
    tokens = [f"token {number}" for number in range(20)]
    script = [step for token in tokens for step in (["gate", gate.port], ["send_body", text(token), True])]
    invocation = served.invoke(steps(START, *script, ["end"]))
    assert invocation.wait_for_chunks(1)[0].data == PRELUDE
    for number, token in enumerate(tokens):
        gate.open()
        assert invocation.wait_for_chunks(number + 2)[-1].data == token.encode()
    assert len(invocation.result().chunks) == len(tokens) + 1


def test_each_token_leaves_although_the_application_blocks_the_loop(served: RuntimeApi, gate: Gate) -> None:
    """No turn of the loop ends before the last gate: a token held back until then would never come."""
    tokens = [f"token {number}" for number in range(5)]
    script = [step for token in tokens for step in (["send_body", text(token), True], ["block", gate.port])]
    invocation = served.invoke(steps(START, *script, ["end"]))
    for number, token in enumerate(tokens):
        assert invocation.wait_for_chunks(number + 2)[-1].data == token.encode()
        time.sleep(0.01)  # what follows sooner than a millisecond may wait
        gate.open()
    assert len(invocation.result().chunks) == len(tokens) + 1


@pytest.mark.perf
def test_paced_tokens_arrive_when_they_are_sent(served: RuntimeApi) -> None:
    script = [step for _ in range(40) for step in (["stamp"], ["sleep", 0.005])]
    answer = served.invoke(steps(START, *script, ["end"])).result()
    delays = [chunk.arrived - float(chunk.data) for chunk in answer.chunks[1:]]
    assert len(delays) == 40
    assert min(delays) >= 0
    assert statistics.median(delays) < 0.005


def test_tokens_close_together_share_chunks_and_the_first_goes_alone(served: RuntimeApi) -> None:
    tokens = [f"{number:03}" for number in range(300)]
    answer = served.invoke(steps(START, *(["send_body", text(token), True] for token in tokens), ["end"])).result()
    data = [chunk.data for chunk in answer.chunks[1:]]
    assert b"".join(data) == "".join(tokens).encode()
    assert data[0] == b"000"
    assert len(data) < len(tokens) / 2


def test_gathered_tokens_leave_while_the_application_waits(served: RuntimeApi, gate: Gate) -> None:
    body = [["send_body", text(letter), True] for letter in "abc"]
    invocation = served.invoke(steps(START, *body, ["gate", gate.port], ["end"]))
    gate.reached()
    count, received = 2, b""
    while received != b"abc":  # in two chunks, or three
        received = b"".join(chunk.data for chunk in invocation.wait_for_chunks(count)[1:])
        count += 1
    gate.open()
    assert invocation.result().stream == b"abc"


def test_prelude_leaves_at_once_also_for_an_empty_body(served: RuntimeApi, gate: Gate) -> None:
    invocation = served.invoke(steps(["start", 204, []], ["gate", gate.port], ["end"]))
    expected = b'{"statusCode":204,"headers":{},"cookies":[]}' + NULS
    assert invocation.wait_for_chunks(1)[0].data == expected
    assert not invocation.ended
    gate.open()
    assert [chunk.data for chunk in invocation.result().chunks] == [expected]


def test_head_request_gets_no_body(served: RuntimeApi) -> None:
    answer = served.invoke(steps(START, ["send_body", text("unseen"), True], ["end"], method="HEAD")).result()
    assert answer.payload == PRELUDE


def test_set_cookie_moves_and_hop_by_hop_headers_vanish(served: RuntimeApi) -> None:
    headers = [
        ["Set-Cookie", "a=1; Path=/"],
        ["X-Twice", "one"],
        ["set-cookie", "b=2, 3"],
        ["x-twice", "two"],
        ["Content-Length", "5"],
        ["Connection", "keep-alive"],
        ["Transfer-Encoding", "chunked"],
        ["x-latin", "caf\xe9"],
    ]
    answer = served.invoke(steps(["start", 201, headers], ["end"])).result()
    assert answer.prelude == {
        "statusCode": 201,
        "headers": {"x-twice": "one, two", "x-latin": "caf\xe9"},
        "cookies": ["a=1; Path=/", "b=2, 3"],
    }
    assert answer.payload.partition(NULS)[0].isascii()


@pytest.mark.parametrize("pieces", [None, 1, 7])
def test_event_is_understood_however_it_arrives(served: RuntimeApi, pieces: int | None) -> None:
    payload = http_event(path="/\u00e9", body="\u00fcber".encode(), base64_encoded=False)
    for chunked in (False, True):
        script = Script(event_pieces=pieces, event_chunked=chunked)
        document = json.loads(served.invoke(payload, script=script).result().stream)
        assert document["scope"]["path"] == "/\u00e9"
        assert document["body"] == text("\u00fcber")


def test_megabytes_pass_in_both_directions(served: RuntimeApi) -> None:
    body = bytes(range(256)) * 4096 * 4
    document = json.loads(served.invoke(http_event(body=body)).result().stream)
    assert document["body"] == text(body)
    answer = served.invoke(steps(START, ["repeat", 1 << 20, 6], ["end"])).result()
    assert answer.stream == b"".join(bytes([index]) * (1 << 20) for index in range(6))


def test_slow_reader_gets_everything_and_holds_up_nobody(
    api: RuntimeApi, start_runtime: StartRuntime, tmp_path: Path
) -> None:
    """The sockets fill up before anything is read: that application waits, another one does not."""
    start_runtime(AWS_LAMBDA_MAX_CONCURRENCY="2")
    read_gate, marker = Event(), tmp_path / "everything sent"
    slow = api.invoke(
        steps(START, ["repeat", 100_000, 300], ["write_file", str(marker)], ["end"]), script=Script(read_gate=read_gate)
    )
    slow.wait_for_head()
    assert api.invoke(steps(START, ["send_body", text("quick"), False])).result().stream == b"quick"
    assert not marker.exists()
    read_gate.set()
    assert slow.result().stream == b"".join(bytes([index % 251]) * 100_000 for index in range(300))
    assert marker.exists()


def test_ready_burst_needs_few_chunks(served: RuntimeApi) -> None:
    """Also a long one, that keeps the loop busy for many milliseconds."""
    answer = served.invoke(steps(START, ["repeat", 50, 20_000], ["end"])).result()
    assert len(answer.stream) == 1_000_000
    assert len(answer.chunks) <= 1000


def test_work_after_the_end_delays_no_answer_but_the_next_event(
    api: RuntimeApi, start_runtime: StartRuntime, gate: Gate
) -> None:
    start_runtime()
    invocation = api.invoke(steps(START, ["send_body", text("x"), False], ["gate", gate.port]))
    assert invocation.result().stream == b"x"
    gate.reached()
    assert api.polls == 1
    gate.open()
    api.wait_for_polls(2)


def test_disconnect_is_received_once_the_response_has_ended(served: RuntimeApi, tmp_path: Path) -> None:
    path = tmp_path / "received"
    served.invoke(steps(START, ["end"], ["disconnect", str(path)])).result()
    served.invoke(steps(START, ["end"])).result()
    assert path.read_text() == "http.disconnect"


def test_one_connection_serves_many_invocations(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    start_runtime()
    for _ in range(5):
        api.invoke(steps(START, ["end"])).result()
    assert api.connections == 1


def test_context_variables_do_not_outlive_an_invocation(served: RuntimeApi) -> None:
    for value in ("first", "second"):
        document = json.loads(served.invoke(steps(["remember", value], ["recall"])).result().stream)
        assert document["found"] == "nothing"


def test_context_variables_are_not_kept_by_a_new_connection(
    api: RuntimeApi, start_runtime: StartRuntime, gate: Gate
) -> None:
    """The second connection is made in the middle of the first invocation."""
    start_runtime()
    script = steps(["remember", "x"], ["gate", gate.port], ["recall"])
    first = api.invoke(script, script=Script(close_before_answer=True))
    first.wait_until_closed()
    gate.open()
    first.result()
    assert json.loads(api.invoke(steps(["remember", "y"], ["recall"])).result().stream)["found"] == "nothing"
    assert api.connections == 2


def test_works_without_uvloop(
    api: RuntimeApi, start_runtime: StartRuntime, gate: Gate, without_uvloop: dict[str, str]
) -> None:
    start_runtime(**without_uvloop)
    assert json.loads(api.invoke(http_event()).result().stream)["loop"] == "asyncio.unix_events"
    invocation = api.invoke(steps(START, ["gate", gate.port], ["repeat", 100_000, 100], ["end"]))
    assert invocation.wait_for_chunks(1)[0].data == PRELUDE
    gate.open()
    assert len(invocation.result().stream) == 10_000_000


def test_uses_uvloop_where_it_is(served: RuntimeApi) -> None:
    pytest.importorskip("uvloop")
    assert json.loads(served.invoke(http_event()).result().stream)["loop"] == "uvloop"
