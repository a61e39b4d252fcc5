"""What the Runtime API and stderr are told when something goes wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from integration.lambda_asgi.conftest import StartRuntime
from integration.lambda_asgi.processes import Gate
from integration.lambda_asgi.runtime.events import http_event, steps, text
from integration.lambda_asgi.runtime.runtime_api import PREFIX, RuntimeApi
from integration.lambda_asgi.runtime.scripted_invocations import Script

START = ["start", 200, []]
BODY = ["send_body", text("part"), True]


def assert_still_serving(api: RuntimeApi) -> None:
    answer = api.invoke(steps(START, ["send_body", text("fine"), False])).result()
    assert answer.stream == b"fine"


def lines(stderr: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stderr.splitlines()]


def test_error_before_the_start_is_posted(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    runtime = start_runtime()
    invocation = api.invoke(steps(["fail", "no luck \u2603"]))
    request = invocation.result()
    assert request.path == f"{PREFIX}invocation/{invocation.request_id}/error"
    assert request.headers["lambda-runtime-function-error-type"] == "ScriptedError"
    assert request.headers["content-type"] == "application/vnd.aws.lambda.error+json"
    assert request.error["errorType"] == "ScriptedError"
    assert request.error["errorMessage"] == "no luck \u2603"
    assert request.error["requestId"] == invocation.request_id
    assert "scripted.py" in request.error["stackTrace"][0], "the runtime's own frames are left out"
    assert_still_serving(api)
    (line,) = lines(runtime.stderr)
    assert line["requestId"] == invocation.request_id
    assert (line["level"], line["errorType"]) == ("ERROR", "ScriptedError")


def test_error_after_the_start_goes_into_trailers(served: RuntimeApi) -> None:
    answer = served.invoke(steps(START, BODY, ["sleep", 0], BODY, ["fail", "half way"])).result()
    assert answer.stream == b"partpart"
    assert answer.trailers is not None
    assert set(answer.trailers) == {"lambda-runtime-function-error-type", "lambda-runtime-function-error-body"}
    assert answer.trailers["lambda-runtime-function-error-type"] == "ScriptedError"
    assert answer.error["errorMessage"] == "half way"
    assert_still_serving(served)


def test_error_message_of_any_length_and_kind_keeps_the_framing(served: RuntimeApi) -> None:
    message = "x\r\nInjected: yes\r\n\r\n\0\u2603" * 5000
    for script in ([["fail", message]], [START, ["fail", message]]):
        error = served.invoke(steps(*script)).result().error
        assert message.startswith(error["errorMessage"])
        assert len(error["errorMessage"]) > 1000
    assert_still_serving(served)


def test_error_after_the_end_is_logged_only(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    runtime = start_runtime()
    invocation = api.invoke(steps(START, ["end"], ["fail", "too late"]))
    assert invocation.result().trailers == {}
    assert_still_serving(api)
    (line,) = lines(runtime.stderr)
    assert (line["requestId"], line["errorType"]) == (invocation.request_id, "ScriptedError")
    assert "scripted.py" in line["stackTrace"][0]


@pytest.mark.parametrize(
    ("script", "error_type", "started"),
    [
        ([], "ResponseMissingError", False),
        ([START], "ResponseIncompleteError", True),
        ([START, BODY], "ResponseIncompleteError", True),
        ([START, START], "RuntimeError", True),
        ([BODY], "RuntimeError", False),
        ([["send_raw", {"type": "websocket.accept"}]], "RuntimeError", False),
        ([["send_raw", {"type": "http.response.start", "status": "many"}]], "ValueError", False),
    ],
)
def test_misbehaving_application_is_an_error(
    served: RuntimeApi, script: list[list[Any]], error_type: str, started: bool
) -> None:
    answer = served.invoke(steps(*script)).result()
    assert answer.path.endswith("/response" if started else "/error")
    assert answer.error["errorType"] == error_type
    assert_still_serving(served)


def test_second_body_end_is_an_error_for_the_application_alone(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    runtime = start_runtime()
    assert api.invoke(steps(START, ["end"], ["end"])).result().trailers == {}
    assert_still_serving(api)
    assert lines(runtime.stderr)[0]["errorType"] == "RuntimeError"


@pytest.mark.parametrize(
    "payload",
    [
        b'{"Records": []}',
        b'{"version": "1.0", "httpMethod": "GET", "path": "/", "requestContext": {}}',
        b'"text"',
        b"null",
        b"[1, 2]",
        b"no json at all",
        b"\xff\xfe\xff",
        b"",
        http_event(body=b"x").replace(b'"eA=="', b'"%%%"'),
    ],
)
def test_event_that_is_no_http_request_is_a_clear_error(served: RuntimeApi, payload: bytes) -> None:
    request = served.invoke(payload).result()
    assert request.path.endswith("/error")
    assert request.error["errorType"] == "UnsupportedEventError"
    assert_still_serving(served)


def test_logs_hold_nothing_of_the_request(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    """Nor an error's message, which may quote it."""
    runtime = start_runtime()
    secret = "secret-of-the-user"
    script = steps(START, ["send_body", text(secret), True], ["fail", f"cannot parse {secret}"])
    api.invoke(
        script.replace(b'"headers": {', b'"headers": {"authorization": "Bearer %b", ' % secret.encode())
    ).result()
    api.invoke(secret.encode()).result()
    assert_still_serving(api)
    assert secret not in runtime.stderr + runtime.stdout
    assert len(lines(runtime.stderr)) == 2


def test_invocation_id_is_echoed_if_it_came(served: RuntimeApi) -> None:
    headers = {"Lambda-Runtime-Invocation-Id": "inv-7"}
    for script in ([["fail", "x"]], [START, ["end"]]):
        with_id = served.invoke(steps(*script), headers).result()
        assert with_id.headers["lambda-runtime-invocation-id"] == "inv-7"
        assert "lambda-runtime-invocation-id" not in served.invoke(steps(*script)).result().headers


@pytest.mark.parametrize("status", [400, 403, 410, 413])
@pytest.mark.parametrize("script", [[["fail", "x"]], [START, BODY, ["end"]]])
def test_refused_answer_is_logged_and_the_next_event_taken(
    api: RuntimeApi, start_runtime: StartRuntime, status: int, script: list[list[Any]]
) -> None:
    runtime = start_runtime()
    invocation = api.invoke(steps(*script), script=Script(status=status))
    invocation.result()
    assert_still_serving(api)
    line = lines(runtime.stderr)[-1]
    assert line["requestId"] == invocation.request_id
    assert str(status) in line["errorMessage"]


@pytest.mark.parametrize(
    "script",
    [
        Script(status=410, early_after_chunks=2),
        Script(status=413, early_after_chunks=2),
        Script(status=413, early_after_chunks=2, early_without_close=True),
        Script(reset_after_chunks=2),
    ],
)
def test_application_finishes_its_work_although_nobody_listens(
    api: RuntimeApi, start_runtime: StartRuntime, gate: Gate, tmp_path: Path, script: Script
) -> None:
    """The invocation ends under the application, by an early answer or by a reset; it must not be harmed."""
    runtime, marker = start_runtime(), tmp_path / "work done"
    more: list[list[Any]] = [["repeat", 100_000, 100], ["write_file", str(marker)], ["end"]]
    invocation = api.invoke(steps(START, BODY, ["gate", gate.port], *more), script=script)
    invocation.result()
    gate.open()
    assert_still_serving(api)
    assert marker.exists()
    line = lines(runtime.stderr)[-1]
    assert (line["requestId"], line["message"]) == (invocation.request_id, "the response was not accepted")


def test_connection_lost_before_the_answer_costs_one_invocation(
    api: RuntimeApi, start_runtime: StartRuntime, gate: Gate
) -> None:
    """The application had time to run: the answer goes out on a new connection."""
    start_runtime()
    script = Script(close_before_answer=True)
    invocation = api.invoke(steps(["gate", gate.port], START, BODY, ["end"]), script=script)
    invocation.wait_until_closed()
    gate.open()
    assert invocation.result().stream == b"part"
    assert_still_serving(api)
    assert api.connections == 2


def test_announced_end_of_a_connection_is_heeded(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    start_runtime()
    script = Script(close_before_answer=True, announce_close=True)
    assert api.invoke(steps(START, BODY, ["end"]), script=script).result().stream == b"part"
    assert_still_serving(api)
    assert api.connections == 2


@pytest.mark.parametrize("script", [[["fail", "x"]], [START, BODY, ["end"]]])
def test_server_error_for_an_answer_ends_the_process(
    api: RuntimeApi, start_runtime: StartRuntime, script: list[list[Any]]
) -> None:
    runtime = start_runtime()
    api.invoke(steps(*script), script=Script(status=500)).result()
    assert runtime.wait() == 1
    assert "lifespan shutdown" in runtime.stdout


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_failing_next_ends_the_process(api: RuntimeApi, start_runtime: StartRuntime, status: int) -> None:
    runtime = start_runtime()
    assert_still_serving(api)
    api.answer_next(status)
    assert runtime.wait() == 1
    assert str(status) in lines(runtime.stderr)[-1]["errorMessage"]


def test_unreachable_runtime_api_ends_the_process(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    runtime = start_runtime()
    api.wait_for_polls(1)
    api.close()
    assert runtime.wait() == 1


def test_idle_connection_that_died_is_replaced(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    """As after a snapshot: the connection of the long poll is dead."""
    start_runtime()
    assert_still_serving(api)
    api.wait_for_polls(2)
    api.drop_poller()
    api.wait_for_polls(3)
    assert_still_serving(api)
    assert api.connections == 2


def test_connection_that_always_dies_ends_the_process(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    runtime = start_runtime()
    for polls in range(1, 5):
        api.wait_for_polls(polls)
        api.drop_poller()
    assert runtime.wait() == 1


def test_exit_of_the_application_is_reported_before_the_process_ends(
    api: RuntimeApi, start_runtime: StartRuntime
) -> None:
    runtime = start_runtime()
    assert api.invoke(steps(["exit", 7])).result().error["errorType"] == "SystemExit"
    assert runtime.wait() == 7
