"""Against AWS's own Runtime Interface Emulator: prelude, NULs and stream come back to the byte."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.lambda_asgi.processes import BOOTSTRAP, HERE
from integration.lambda_asgi.runtime import rie
from integration.lambda_asgi.runtime.events import http_event, steps, text
from integration.lambda_asgi.runtime.strict_reading import NULS

START = ["start", 201, [["content-type", "text/plain"], ["set-cookie", "a=1"]]]
PRELUDE = b'{"statusCode":201,"headers":{"content-type":"text/plain"},"cookies":["a=1"]}' + NULS


COMMAND = [str(BOOTSTRAP), sys.executable, "/var/runtime/bootstrap.py"]


@pytest.fixture(scope="module")
def emulator() -> Path:
    try:
        return rie.emulator()
    except rie.EmulatorMissingError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    return {**os.environ, "_HANDLER": "scripted.app", "LAMBDA_TASK_ROOT": str(HERE / "apps")}


@pytest.fixture(scope="module")
def function_url(emulator: Path, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("rie") / "log"
    with rie.emulated(emulator, COMMAND, environ, log) as url:
        yield url


def test_emulator_returns_the_stream_to_the_byte(function_url: str) -> None:
    script = [step for word in ("Hello", ", ", "world\0\r\n") for step in (["send_body", text(word), True], ["turn"])]
    assert rie.invoke(function_url, steps(START, *script, ["end"])) == PRELUDE + b"Hello, world\0\r\n"


def test_emulator_returns_an_empty_body(function_url: str) -> None:
    assert rie.invoke(function_url, steps(START, ["end"])) == PRELUDE


def test_emulator_returns_megabytes(function_url: str) -> None:
    answer = rie.invoke(function_url, steps(START, ["repeat", 1 << 16, 64], ["end"]))
    assert answer == PRELUDE + b"".join(bytes([index]) * (1 << 16) for index in range(64))


def test_emulator_passes_the_context(function_url: str) -> None:
    _, _, stream = rie.invoke(function_url, http_event(path="/a", body=b"x" * 100_000)).partition(NULS)
    document = json.loads(stream)
    context = document["scope"]["aws.lambda"]
    assert context["request_id"]
    assert context["deadline_ms"] > 1_700_000_000_000
    assert context["function_arn"].startswith("arn:aws:lambda:")
    assert document["body"] == text("x" * 100_000)


def test_emulator_reports_an_error_and_continues(function_url: str) -> None:
    error = json.loads(rie.invoke(function_url, steps(["fail", "no luck"])))
    assert (error["errorType"], error["errorMessage"]) == ("ScriptedError", "no luck")
    assert rie.invoke(function_url, steps(START, ["end"])) == PRELUDE


def test_emulator_survives_an_error_after_the_start(function_url: str) -> None:
    broken = rie.invoke(function_url, steps(START, ["send_body", text("half"), True], ["fail", "broken"]))
    assert broken == PRELUDE + b"half"
    assert rie.invoke(function_url, steps(START, ["end"])) == PRELUDE


def test_emulator_shuts_down_a_registered_runtime(emulator: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """One of three, for it kills after 600 ms and other tests may run beside this one."""
    registered = environ | {"LAMBDA_ASGI_EXTENSION": "1"}
    assert any(_shuts_down(emulator, registered, tmp_path / f"log-{number}") for number in range(3))


def test_emulator_kills_a_runtime_that_is_not_registered(
    emulator: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """The reason for LAMBDA_ASGI_EXTENSION."""
    assert not _shuts_down(emulator, environ, tmp_path / "log")


def _shuts_down(emulator: Path, environ: dict[str, str], log: Path) -> bool:
    with rie.emulated(emulator, COMMAND, environ, log) as url:
        assert rie.invoke(url, steps(START, ["end"])) == PRELUDE
    return "lifespan shutdown" in log.read_text()
