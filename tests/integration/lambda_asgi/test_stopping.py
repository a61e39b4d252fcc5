"""From SIGTERM to the end of the process, which Lambda kills soon after."""

import json
import time

import pytest

from integration.lambda_asgi.conftest import StartRuntime
from integration.lambda_asgi.processes import Gate, RuntimeProcess
from integration.lambda_asgi.runtime.events import http_event, steps, text
from integration.lambda_asgi.runtime.runtime_api import RuntimeApi

START = ["start", 200, []]
PART = ["send_body", text("part "), True]
SAVED = ["send_body", text("saved"), False]
SIGKILL_SECONDS = 0.6
"""After SIGTERM, in AWS's own code."""
TIME_TO_FINISH_SECONDS = 0.2
UNHURRIED = {"STOP_TIMES": "4"}
"""Where the order counts, and not how long it takes."""


def moments(runtime: RuntimeProcess) -> dict[str, float]:
    """When the application reached each point, by its own process's clock."""
    lines = [line.rpartition(" ") for line in runtime.stdout.splitlines() if line[-1].isdigit()]
    return {moment: float(seconds) for moment, _, seconds in lines}


def test_application_sees_whether_the_process_is_stopping(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    start_runtime()
    document = json.loads(api.invoke(http_event()).result().stream)
    assert document["scope"]["aws.lambda"]["stopping"] is False


def test_sigterm_notifies_every_invocation(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    """Each saves what it has and ends its answer as it likes."""
    runtime = start_runtime(AWS_LAMBDA_MAX_CONCURRENCY="3", **UNHURRIED)
    running = [api.invoke(steps(START, PART, ["await_stop"], SAVED)) for _ in range(3)]
    for invocation in running:
        invocation.wait_for_chunks(2)
    runtime.terminate()
    assert [invocation.result().stream for invocation in running] == [b"part saved"] * 3
    assert [invocation.result().trailers for invocation in running] == [{}] * 3
    assert runtime.wait() == 0
    assert runtime.stderr == ""
    assert moments(runtime)["stopping"] < moments(runtime)["lifespan shutdown"]


def test_sigterm_waits_for_the_invocation_in_flight(api: RuntimeApi, start_runtime: StartRuntime, gate: Gate) -> None:
    """One that does not look at the event."""
    runtime = start_runtime(**UNHURRIED)
    invocation = api.invoke(steps(START, ["gate", gate.port], SAVED))
    gate.reached()
    runtime.terminate()
    gate.open()
    assert invocation.result().stream == b"saved"
    assert runtime.wait() == 0
    assert api.polls == 1
    assert "lifespan shutdown" in moments(runtime)


def test_sigterm_cancels_what_does_not_finish_before_the_application_shuts_down(
    api: RuntimeApi, start_runtime: StartRuntime
) -> None:
    runtime = start_runtime(**UNHURRIED)
    invocation = api.invoke(steps(START, PART, ["await_stop"], ["end_when_cancelled"]))
    invocation.wait_for_chunks(2)
    runtime.terminate()
    answer = invocation.result()
    assert (answer.stream, answer.error["errorType"]) == (b"part ", "CancelledError")
    assert runtime.wait() == 0
    found = moments(runtime)
    assert found["cancelled"] - found["stopping"] >= TIME_TO_FINISH_SECONDS, "it had time to finish by itself"
    assert found["lifespan shutdown"] > found["cancelled"]
    assert "in time" not in runtime.stderr


@pytest.mark.perf
def test_application_shuts_down_as_soon_as_the_last_invocation_has_ended(
    api: RuntimeApi, start_runtime: StartRuntime
) -> None:
    """The best of three, for other tests run beside this one."""
    delays = []
    for _ in range(3):
        runtime = start_runtime()
        invocation = api.invoke(steps(START, PART, ["await_stop"], SAVED))
        invocation.wait_for_chunks(2)
        runtime.terminate()
        assert runtime.wait() == 0
        found = moments(runtime)
        delays.append(found["lifespan shutdown"] - found["stopping"])
    assert min(delays) < TIME_TO_FINISH_SECONDS


@pytest.mark.parametrize("begun", [True, False])
def test_answer_of_an_application_that_ignores_its_cancellation_is_ended(
    api: RuntimeApi, start_runtime: StartRuntime, gate: Gate, *, begun: bool
) -> None:
    runtime = start_runtime(**UNHURRIED)
    beginning = [START, PART] if begun else []
    invocation = api.invoke(steps(*beginning, ["gate", gate.port], ["ignore_cancellation"]))
    gate.open()
    runtime.terminate()
    answer = invocation.result()
    assert answer.path.endswith("/response" if begun else "/error")
    assert answer.error["errorType"] == "CancelledError"
    assert runtime.wait() == 0
    assert "lifespan shutdown" in moments(runtime)


@pytest.mark.parametrize("mode", ["waits", "holds on", "blocks"])
def test_shutdown_that_hangs_holds_nothing_up(api: RuntimeApi, start_runtime: StartRuntime, mode: str) -> None:
    runtime = start_runtime(LIFESPAN=mode, **UNHURRIED)
    invocation = api.invoke(steps(START, PART, ["await_stop"], SAVED))
    invocation.wait_for_chunks(2)
    runtime.terminate()
    assert invocation.result().stream == b"part saved"
    assert runtime.wait() == 0
    assert json.loads(runtime.stderr)["message"] == "the application did not stop in time"


def test_running_thread_does_not_delay_the_exit(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    runtime = start_runtime(**UNHURRIED)
    api.invoke(steps(["thread", 60], START, SAVED)).result()
    runtime.terminate()
    assert runtime.wait() == 0
    assert "lifespan shutdown" in moments(runtime)


@pytest.mark.perf
def test_all_that_can_hang_ends_before_lambda_kills(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    """The best of three, for other tests run beside this one."""
    delays = []
    for _ in range(3):
        runtime = start_runtime(LIFESPAN="holds on")
        api.invoke(steps(START, SAVED, ["thread", 60], ["print", "at work"], ["ignore_cancellation"])).result()
        runtime.wait_for_line("at work")
        began = time.monotonic()
        runtime.terminate()
        assert runtime.wait() == 0
        delays.append(time.monotonic() - began)
    assert min(delays) < SIGKILL_SECONDS


def test_failure_of_the_runtime_api_waits_for_other_invocations(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    runtime = start_runtime(AWS_LAMBDA_MAX_CONCURRENCY="2", **UNHURRIED)
    invocation = api.invoke(steps(START, PART, ["await_stop"], SAVED))
    invocation.wait_for_chunks(2)
    api.answer_next(500)
    assert invocation.result().stream == b"part saved"
    assert runtime.wait() == 1
