"""A Lambda on this machine with functions of the tests' own."""

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from fakes.stack.process import RunningStack, running_stack

ROOT = Path(__file__).resolve().parents[3]
PROBES = Path(__file__).parent / "probes"


def copy_probes(folder: Path) -> Path:
    """The probes with the bootstrap and the layer that the real functions have; returns the template."""
    shutil.copytree(PROBES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "functions/stream/bootstrap", folder / "streaming/bootstrap")
    shutil.copytree(ROOT / "layers/common/lambda_asgi", folder / "layer/lambda_asgi")
    return folder / "template.yaml"


@pytest.fixture
def probes(tmp_path: Path) -> Path:
    """A template of the test's own."""
    return copy_probes(tmp_path / "probes")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The probes behind their URLs."""
    template = copy_probes(tmp_path_factory.mktemp("probes"))
    with running_stack("--template", str(template), environ={"MAX_PROCESSES": "3"}) as running:
        yield running


class Gates:
    """Requests that wait in a function until a test lets them go on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._executor = ThreadPoolExecutor()

    def path(self, name: str) -> str:
        return str(self._folder / name)

    def open(self, name: str) -> None:
        (self._folder / name).touch()

    def get(self, stack: RunningStack, path: str, gate: str) -> Future[httpx.Response]:
        """The response to a request that completes when the gate opens."""
        return self._executor.submit(httpx.get, f"{stack.url}{path}", params={"gate": self.path(gate)}, timeout=30)


@pytest.fixture
def gates(tmp_path: Path) -> Gates:
    return Gates(tmp_path)


@pytest.fixture
def http(stack: RunningStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=30) as client:
        yield client
