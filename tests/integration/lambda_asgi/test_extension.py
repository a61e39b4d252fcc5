"""The runtime as an internal extension, for without one Lambda sends no SIGTERM."""

import json

import pytest

from integration.lambda_asgi.conftest import StartRuntime
from integration.lambda_asgi.runtime.events import steps
from integration.lambda_asgi.runtime.runtime_api import RuntimeApi

ON = {"LAMBDA_ASGI_EXTENSION": "1"}
ANSWER = steps(["start", 200, []], ["end"])


def test_extension_registers_and_waits_before_the_first_event(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    runtime = start_runtime(**ON)
    assert api.invoke(ANSWER).result().prelude["statusCode"] == 200
    api.wait_for_polls(2)
    assert api.extensions.calls[0] == "register"
    assert sorted(api.extensions.calls[1:]) == ["next", "next", "wait"]
    assert api.extensions.name == "lambda_asgi"
    runtime.terminate()
    assert runtime.wait() == 0
    assert runtime.stderr == ""


@pytest.mark.parametrize("environ", [{}, {"LAMBDA_ASGI_EXTENSION": "0"}, {"LAMBDA_ASGI_EXTENSION": ""}])
def test_extension_is_off_unless_it_is_asked_for(
    api: RuntimeApi, start_runtime: StartRuntime, environ: dict[str, str]
) -> None:
    start_runtime(**environ)
    api.invoke(ANSWER).result()
    assert set(api.extensions.calls) == {"next"}


def test_extension_does_not_register_before_a_snapshot(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    start_runtime(AWS_LAMBDA_INITIALIZATION_TYPE="snap-start", **ON)
    api.invoke(ANSWER).result()
    assert set(api.extensions.calls) == {"next"}


@pytest.mark.parametrize("status", [403, 404, 500])
def test_refused_extension_is_logged_and_the_function_served(
    api: RuntimeApi, start_runtime: StartRuntime, status: int
) -> None:
    api.extensions.status = status
    runtime = start_runtime(**ON)
    assert api.invoke(ANSWER).result().prelude["statusCode"] == 200
    line = json.loads(runtime.stderr)
    assert line["message"] == "not registered as an extension"
    assert str(status) in line["errorMessage"]
