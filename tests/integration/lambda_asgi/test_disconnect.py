"""What an application that awaits `http.disconnect` receives when the peer disconnects in mid-response."""

from pathlib import Path

import pytest

from integration.lambda_asgi.conftest import StartRuntime
from integration.lambda_asgi.processes import Gate
from integration.lambda_asgi.runtime.events import steps, text
from integration.lambda_asgi.runtime.runtime_api import RuntimeApi
from integration.lambda_asgi.runtime.scripted_invocations import Script

START = ["start", 200, []]
BODY = ["send_body", text("part"), True]
POLLERS = 3
GONE = [
    pytest.param(Script(reset_after_chunks=2), id="reset"),
    pytest.param(Script(status=410, early_after_chunks=2), id="gone"),
    pytest.param(Script(status=413, early_after_chunks=2, early_without_close=True), id="refused"),
]


@pytest.mark.parametrize("script", GONE)
def test_disconnect_reaches_every_application_that_waits_for_it(
    api: RuntimeApi, start_runtime: StartRuntime, tmp_path: Path, script: Script
) -> None:
    """Else each poller is lost with its invocation, and the process lives on without taking any event."""
    runtime = start_runtime(AWS_LAMBDA_MAX_CONCURRENCY=str(POLLERS))
    api.wait_for_polls(POLLERS)
    markers = [tmp_path / f"heard-{number}" for number in range(POLLERS)]
    lost = [api.invoke(steps(START, BODY, ["disconnect", str(marker)]), script=script) for marker in markers]
    for invocation in lost:
        invocation.result()
    api.wait_for_polls(2 * POLLERS)
    answers = [api.invoke(steps(START, BODY, ["end"])).result() for _ in range(POLLERS)]
    assert [answer.stream for answer in answers] == [b"part"] * POLLERS
    assert [marker.read_text() for marker in markers] == ["http.disconnect"] * POLLERS
    assert "invocation failed" not in runtime.stderr, "an application that returns upon a disconnect has not failed"


@pytest.mark.parametrize("script", GONE)
def test_send_after_a_disconnect_does_nothing(
    api: RuntimeApi, start_runtime: StartRuntime, tmp_path: Path, script: Script
) -> None:
    runtime, marker = start_runtime(), tmp_path / "heard"
    more: list[list[object]] = [["repeat", 100_000, 20], ["end"], ["disconnect", str(marker)]]
    api.invoke(steps(START, BODY, ["disconnect", str(marker)], *more), script=script).result()
    assert api.invoke(steps(START, BODY, ["end"])).result().stream == b"part"
    assert marker.read_text() == "http.disconnect"
    assert "invocation failed" not in runtime.stderr


def test_disconnect_comes_when_the_answer_cannot_even_begin(
    api: RuntimeApi, start_runtime: StartRuntime, gate: Gate, tmp_path: Path
) -> None:
    """The connection died while the application was at work, and no new one can be made."""
    runtime, marker = start_runtime(), tmp_path / "heard"
    script = Script(close_before_answer=True)
    invocation = api.invoke(steps(["gate", gate.port], START, ["disconnect", str(marker)]), script=script)
    invocation.wait_until_closed()
    gate.reached()
    api.close()
    gate.open()
    assert runtime.wait() == 1, "the next event cannot be asked for either"
    assert marker.read_text() == "http.disconnect"
