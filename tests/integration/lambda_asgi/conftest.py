"""The tests' own Runtime API, and runtimes that talk to it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from integration.lambda_asgi.processes import Gate, RuntimeProcess
from integration.lambda_asgi.runtime.runtime_api import RuntimeApi


class StartRuntime(Protocol):
    def __call__(self, **options: Any) -> RuntimeProcess: ...


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    with RuntimeApi() as server:
        yield server
    assert server.violations == []


@pytest.fixture
def start_runtime(api: RuntimeApi, tmp_path: Path) -> Iterator[StartRuntime]:
    """Starts runtimes against ``api``; they die with the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> RuntimeProcess:
            return stack.enter_context(RuntimeProcess(api.address, tmp_path, **options))

        yield start
        api.close()


@pytest.fixture
def gate() -> Iterator[Gate]:
    with Gate() as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_api() -> Iterator[RuntimeApi]:
    with RuntimeApi() as server:
        yield server
    assert server.violations == []


@pytest.fixture(scope="module")
def served(shared_api: RuntimeApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeApi]:
    """A Runtime API with one runtime of ``apps/scripted.py`` for the whole module."""
    with RuntimeProcess(shared_api.address, tmp_path_factory.mktemp("served")):
        yield shared_api
        shared_api.close()


@pytest.fixture
def without_uvloop(tmp_path: Path) -> dict[str, str]:
    """Environment in which importing uvloop fails."""
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "uvloop.py").write_text("raise ImportError('not here')\n")
    return {"PYTHONPATH": str(tmp_path / "hidden")}
