"""From the start of the process to its end."""

import json
import re
from pathlib import Path

import pytest

from integration.lambda_asgi.conftest import StartRuntime
from integration.lambda_asgi.processes import Gate, RuntimeProcess
from integration.lambda_asgi.runtime.events import http_event, steps, text
from integration.lambda_asgi.runtime.runtime_api import PREFIX, RuntimeApi

START = ["start", 200, []]


@pytest.mark.parametrize("bootstrap", [True, False])
def test_both_ways_to_start_serve(api: RuntimeApi, start_runtime: StartRuntime, bootstrap: bool) -> None:
    runtime = start_runtime(bootstrap=bootstrap)
    assert json.loads(api.invoke(http_event()).result().stream)["scope"]["type"] == "http"
    runtime.terminate()
    assert runtime.wait() == 0
    assert runtime.stderr == ""


def test_bootstrap_puts_the_task_root_and_the_layer_first(
    api: RuntimeApi, start_runtime: StartRuntime, tmp_path: Path
) -> None:
    (tmp_path / "paths.py").write_text("import sys\nraise ValueError([p for p in sys.path if p])\n")
    start_runtime(handler="paths.app", task_root=tmp_path, PYTHONPATH="/already/set")
    message = api.init_errors.get(timeout=20).error["errorMessage"]
    places = [message.index(repr(path)) for path in (str(tmp_path), "/opt/python", "/already/set")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("handler", "source", "error_type"),
    [
        ("absent.app", "", "Runtime.ImportModuleError"),
        ("module.app", "import not_a_module_at_all\n", "Runtime.ImportModuleError"),
        ("module.app", "def app(:\n", "Runtime.UserCodeSyntaxError"),
        ("module.app", "other = 1\n", "Runtime.HandlerNotFound"),
        ("module.app", "app = 'text'\n", "Runtime.HandlerNotFound"),
        ("module.app", "1 / 0\n", "ZeroDivisionError"),
        ("module", "", "Runtime.MalformedHandlerName"),
        ("", "", "Runtime.MalformedHandlerName"),
    ],
)
def test_handler_that_cannot_be_loaded_is_an_init_error(
    api: RuntimeApi, start_runtime: StartRuntime, tmp_path: Path, *, handler: str, source: str, error_type: str
) -> None:
    (tmp_path / "module.py").write_text(source)
    runtime = start_runtime(handler=handler, task_root=tmp_path)
    request = api.init_errors.get(timeout=20)
    assert request.path == PREFIX + "init/error"
    assert request.headers["lambda-runtime-function-error-type"] == request.error["errorType"] == error_type
    assert request.error["errorMessage"]
    assert runtime.wait() == 1
    assert api.polls == 0
    assert json.loads(runtime.stderr)["errorType"] == error_type


def test_handler_may_lie_in_a_package(api: RuntimeApi, start_runtime: StartRuntime, tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    (tmp_path / "package" / "module.py").write_text("from scripted import app as main\n")
    (tmp_path / "scripted.py").write_text((Path(__file__).parent / "apps" / "scripted.py").read_text())
    start_runtime(handler="package.module.main", task_root=tmp_path)
    assert api.invoke(http_event()).result().prelude["statusCode"] == 200


def test_function_may_have_a_module_called_like_one_of_the_standard_library(
    api: RuntimeApi, start_runtime: StartRuntime, tmp_path: Path
) -> None:
    (tmp_path / "queue.py").write_text("raise RuntimeError('not for the runtime')\n")
    (tmp_path / "scripted.py").write_text((Path(__file__).parent / "apps" / "scripted.py").read_text())
    start_runtime(task_root=tmp_path)
    assert api.invoke(http_event()).result().prelude["statusCode"] == 200


def test_failed_lifespan_startup_is_an_init_error(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    runtime = start_runtime(LIFESPAN="fails")
    request = api.init_errors.get(timeout=20)
    assert request.error["errorType"] == "Runtime.LifespanStartupFailed"
    assert request.error["errorMessage"] == "no database"
    assert runtime.wait() == 1
    assert api.polls == 0


def test_application_without_lifespan_is_served(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    runtime = start_runtime(LIFESPAN="unsupported")
    document = json.loads(api.invoke(http_event()).result().stream)
    assert "state" not in document["scope"]
    runtime.terminate()
    assert runtime.wait() == 0
    assert runtime.stderr == ""


def test_lifespan_runs_once_around_all_invocations(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    runtime = start_runtime()
    documents = [json.loads(api.invoke(http_event()).result().stream) for _ in range(3)]
    assert len({document["scope"]["state"]["started"] for document in documents}) == 1
    assert runtime.stdout == "lifespan startup\n"
    runtime.terminate()
    assert runtime.wait() == 0
    assert re.fullmatch(r"lifespan startup\nlifespan shutdown [0-9.]+\n", runtime.stdout)


def test_printed_lines_are_not_held_back(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    """Lambda freezes a process between invocations: what it printed has to be out by then."""
    runtime = start_runtime()
    api.invoke(steps(["print", "metrics line"], START, ["end"])).result()
    assert "metrics line\n" in runtime.stdout


def test_pollers_serve_concurrently_and_one_failure_harms_no_other(
    api: RuntimeApi, start_runtime: StartRuntime, gate: Gate
) -> None:
    runtime = start_runtime(AWS_LAMBDA_MAX_CONCURRENCY="4")
    api.wait_for_polls(4)
    assert api.connections == 4
    patient = api.invoke(steps(START, ["gate", gate.port], ["send_body", text("patient"), False]))
    patient.wait_for_chunks(1)
    for _ in range(3):
        assert api.invoke(steps(["fail", "x"])).result().error["errorType"] == "ScriptedError"
        assert api.invoke(steps(START, ["fail", "x"])).result().trailers
        document = json.loads(api.invoke(http_event()).result().stream)
        assert document["trace"] is None, "one environment variable cannot hold four trace ids"
    assert not patient.ended
    gate.open()
    assert patient.result().stream == b"patient"
    runtime.terminate()
    assert runtime.wait() == 0


def test_trace_id_is_in_the_environment_of_one_invocation_at_a_time(
    api: RuntimeApi, start_runtime: StartRuntime
) -> None:
    start_runtime()
    for trace_id in ("Root=1-a", "Root=1-b"):
        headers = {"Lambda-Runtime-Trace-Id": trace_id}
        assert json.loads(api.invoke(http_event(), headers).result().stream)["trace"] == trace_id
    without = json.loads(api.invoke(http_event(), {"Lambda-Runtime-Trace-Id": ""}).result().stream)
    assert without["trace"] is None


def test_snapshot_is_waited_for_before_any_event(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    start_runtime(AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    assert api.invoke(http_event()).result().prelude["statusCode"] == 200
    assert (api.restores, api.connections) == (1, 2)


def test_failed_restore_is_an_init_error(api: RuntimeApi, start_runtime: StartRuntime) -> None:
    api.restore_status = 500
    runtime = start_runtime(AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    assert api.init_errors.get(timeout=20).error["errorType"] == "Runtime.RestoreFailed"
    assert runtime.wait() == 1
    assert api.polls == 0


def test_start_outside_of_lambda_names_the_missing_variable(tmp_path: Path) -> None:
    with RuntimeProcess("", tmp_path, bootstrap=False, without=("AWS_LAMBDA_RUNTIME_API",)) as runtime:
        assert runtime.wait() == 1
        assert "AWS_LAMBDA_RUNTIME_API" in runtime.stderr
        assert "Traceback" not in runtime.stderr


STARLETTE = """
import asyncio
from contextlib import asynccontextmanager
from fastapi import FastAPI
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

@asynccontextmanager
async def lifespan(app):
    yield {"greeting": "hello"}

app = FastAPI(lifespan=lifespan)

@app.post("/{name}")
async def stream(name: str, request: __import__("fastapi").Request):
    body = (await request.body()).decode()

    async def words():
        yield f"{request.state.greeting} {name} ".encode()
        await asyncio.sleep(0.01)
        yield f"{body} {len(asyncio.all_tasks())}".encode()

    return StreamingResponse(words(), background=BackgroundTask(print, "in the background"))
"""


def test_fastapi_streams_without_a_task_for_each_response(
    api: RuntimeApi, start_runtime: StartRuntime, tmp_path: Path
) -> None:
    """The tasks: the process's own, the lifespan, the invocation."""
    pytest.importorskip("fastapi")
    (tmp_path / "web.py").write_text(STARLETTE)
    runtime = start_runtime(handler="web.app", task_root=tmp_path)
    answer = api.invoke(http_event(path="/you", method="POST", body=b"there")).result()
    assert [chunk.data for chunk in answer.chunks[1:]] == [b"hello you ", b"there 3"]
    api.wait_for_polls(2)
    assert runtime.stdout == "in the background\n"
