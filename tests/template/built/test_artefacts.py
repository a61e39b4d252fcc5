"""The artefacts of `sam build`: complete, small, for the right processor, and able to start."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from artefacts.sam import ROOT, build_for_this_machine
from artefacts.transformed import source_template
from lambda_asgi.bundle import FILE_NAME, Bundle, BundleLoader
from template.checks.scenarios import SCENARIOS
from template.checks.stack import Stack

pytestmark = pytest.mark.timeout(300)

MEGABYTE = 1_000_000
LARGEST_MEGABYTES = 200

ELF_MACHINES = {"arm64": 183, "x86_64": 62}
"""`e_machine` of an ELF header (elf.h: EM_AARCH64, EM_X86_64)."""

UNCHECKED_HASH = 1
"""The flags of an unchecked hash-based `.pyc` (PEP 552)."""

SOURCES = {
    "CommonLayer": ["layers/common/chat", "layers/common/lambda_asgi"],
    "StartFunction": ["functions/start/chat_start"],
    "StreamFunction": ["functions/stream/chat_stream"],
    "HistoryFunction": ["functions/history/chat_history"],
    "CleanupFunction": ["functions/cleanup/chat_cleanup"],
}

APPS = {
    "StartFunction": "chat_start.app",
    "StreamFunction": "chat_stream.app",
    "HistoryFunction": "chat_history.app",
    "CleanupFunction": "chat_cleanup.app",
}


def import_root(built: Path, name: str) -> Path:
    return built / name / "python" if name == "CommonLayer" else built / name


def files(folder: Path, pattern: str = "*") -> Iterator[Path]:
    return (path for path in folder.rglob(pattern) if path.is_file())


@pytest.mark.parametrize("name", SOURCES)
def test_every_module_has_its_byte_code(built: Path, name: str) -> None:
    sources = list(files(built / name, "*.py"))
    assert len(sources) > 3
    for source in sources:
        header = (source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc").read_bytes()[:8]
        assert header[:4] == MAGIC_NUMBER, source
        assert int.from_bytes(header[4:], "little") == UNCHECKED_HASH, source
    assert len(list(files(built / name, "*.pyc"))) == len(sources)


@pytest.mark.parametrize("name", ["CommonLayer", "StreamFunction"])
def test_bundle_has_every_module(built: Path, name: str) -> None:
    root = import_root(built, name)
    bundle = Bundle(str(root))
    for package in (Path(source).name for source in SOURCES[name]):
        for source in files(root / package, "*.py"):
            module = source.parent if source.stem == "__init__" else source
            spec = bundle.finder(str(module.parent)).find_spec(module.stem)
            assert spec is not None
            assert isinstance(spec.loader, BundleLoader)
            assert spec.origin == str(source)


def test_functions_without_lambda_asgi_have_no_bundle(built: Path) -> None:
    assert {path.parent for path in files(built, FILE_NAME)} == {
        import_root(built, "CommonLayer"),
        built / "StreamFunction",
    }


def test_layer_and_stream_function_stay_small(
    built: Path, architecture: str, record_property: Callable[[str, object], None]
) -> None:
    sizes = {name: sum(path.stat().st_size for path in files(built / name)) / MEGABYTE for name in SOURCES}
    unzipped = sizes["CommonLayer"] + sizes["StreamFunction"]
    record_property(f"unzipped_megabytes_{architecture}", round(unzipped, 1))
    print(f"{architecture}: layer and stream function {unzipped:.1f} MB unzipped of {LARGEST_MEGABYTES}: {sizes}")
    assert 0 < unzipped < LARGEST_MEGABYTES


@pytest.mark.parametrize(("name", "source"), [(name, source) for name in SOURCES for source in SOURCES[name]])
def test_own_packages_are_shipped_whole(built: Path, name: str, source: str) -> None:
    """Every file of the package (data such as TOML too), and nothing else."""
    package = ROOT / source
    shipped = import_root(built, name) / package.name

    def contents(folder: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in files(folder)
            if "__pycache__" not in path.parts and not path.name.startswith(".")
        }

    assert contents(shipped) == contents(package)


@pytest.mark.parametrize("name", SOURCES)
def test_nothing_else_is_shipped(built: Path, name: str) -> None:
    unwanted = {"tests", ".env", ".git", ".venv", ".lock", "bin", "Makefile", "dist", "node_modules", ".mypy_cache"}
    assert not unwanted & {path.name for path in import_root(built, name).iterdir()}
    assert not list(files(built / name, "*.pyi"))
    assert not [path for path in (built / name).rglob("tests") if path.is_dir()]


def test_layer_lies_below_python(built: Path) -> None:
    """Lambda unpacks a layer to /opt, and looks for modules in /opt/python."""
    assert [path.name for path in (built / "CommonLayer").iterdir()] == ["python"]


def test_functions_leave_out_what_the_layer_brings(built: Path) -> None:
    layer = {path.name for path in import_root(built, "CommonLayer").iterdir()} - {"__pycache__", FILE_NAME}
    for name in APPS:
        assert not layer & {path.name for path in (built / name).iterdir()}


def test_exec_wrapper_can_be_executed(built: Path) -> None:
    assert os.access(built / "StreamFunction" / "bootstrap", os.X_OK)


def test_compiled_libraries_are_for_the_processor(built: Path, architecture: str) -> None:
    libraries = [path for path in files(built) if ".so" in path.suffixes]
    assert len(libraries) >= 4
    for library in libraries:
        header = library.read_bytes()[:20]
        assert header[:4] == b"\x7fELF"
        assert int.from_bytes(header[18:20], "little") == ELF_MACHINES[architecture], library


def test_equal_contents_give_equal_archives(built: Path) -> None:
    """An archive holds times; one that changed would be uploaded and deployed again for nothing."""
    times = {path.stat().st_mtime for name in SOURCES for path in files(built / name)}
    assert len(times) == 1


@pytest.fixture(scope="session")
def runnable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build for this very machine."""
    return build_for_this_machine(tmp_path_factory)


def run_alone(built: Path, function: str, code: str, environ: dict[str, str]) -> str:
    """What Python prints that sees the function's artefacts, the layer's and its own library, and nothing else.

    `-S`: no site-packages. The byte code must be fresh: the folders may not be written to, as on Lambda.
    """
    paths = [str(built / function), str(built / "CommonLayer" / "python")]
    done = subprocess.run(
        [sys.executable, "-S", "-s", "-P", "-B", "-W", "error", "-c", code],
        env={"PYTHONPATH": os.pathsep.join(paths), "AWS_DEFAULT_REGION": "eu-central-1", **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=built,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


LIST_MODULES = """
import importlib, json, sys
importlib.import_module({module!r})
print(json.dumps([[m.__file__, getattr(m.__spec__, "cached", None)] for m in list(sys.modules.values())
                  if getattr(m, "__file__", None) and getattr(m, "__spec__", None)]))
"""


@pytest.mark.parametrize("scenario", ["defaults", "elasticache-prod"])
@pytest.mark.parametrize("function", APPS)
def test_app_imports_from_the_artefacts_alone(runnable: Path, function: str, scenario: str) -> None:
    """With the template's environment; no credentials are there, so nothing is called while importing."""
    environ = Stack(source_template(), SCENARIOS[scenario]).variables(function)
    modules = json.loads(run_alone(runnable, function, LIST_MODULES.format(module=APPS[function]), environ))
    shipped = [(file, cached) for file, cached in modules if file.startswith(str(runnable))]
    assert not [file for file, _ in modules if "site-packages" in file]
    assert not [file for file, cached in shipped if file.endswith(".py") and not Path(cached).is_file()]
    imported = {Path(file).relative_to(runnable).parts[0] for file, _ in shipped}
    assert imported == {function, "CommonLayer"}


LIST_LOADERS = """
import contextlib, importlib, json, runpy, sys
with contextlib.suppress(SystemExit):  # it misses the address of the Runtime API
    runpy.run_module("lambda_asgi", run_name="__main__")
importlib.import_module("chat_stream.app")
print(json.dumps([[name, module.__file__, type(module.__loader__).__name__] for name, module in sys.modules.items()
                  if getattr(module, "__file__", None)]))
"""


def test_stream_function_imports_from_the_bundles(runnable: Path) -> None:
    """All modules at its start, except those that read the bundles."""
    environ = Stack(source_template(), SCENARIOS["defaults"]).variables("StreamFunction")
    modules = json.loads(run_alone(runnable, "StreamFunction", LIST_LOADERS, environ))
    shipped = [(name, loader) for name, file, loader in modules if file.startswith(str(runnable))]
    assert {name for name, loader in shipped if loader == "SourceFileLoader"} == {"lambda_asgi", "lambda_asgi.bundle"}
    assert {"lambda_asgi.runtime", "chat", "chat_stream.app", "fastapi"} <= {
        name for name, loader in shipped if loader == "BundleLoader"
    }


def test_provider_sdks_import_from_the_artefacts_alone(runnable: Path) -> None:
    code = "import openai, anthropic; openai.AsyncOpenAI(api_key='k'); anthropic.AsyncAnthropic(api_key='k')"
    run_alone(runnable, "StreamFunction", code, {})


CLIENTS = """
import boto3, json
session = boto3.Session(aws_access_key_id="k", aws_secret_access_key="s")
print(json.dumps({
    f"{service} {region}": session.client(service, region_name=region).meta.endpoint_url
    for service in ("dynamodb", "secretsmanager", "ssm", "sts")
    for region in ("eu-central-1", "us-gov-west-1", "cn-north-1")
}))
"""


def test_aws_clients_work_with_the_data_that_is_left(runnable: Path) -> None:
    """botocore's descriptions and endpoints of other services are left out; partitions and regions are not."""
    endpoints = json.loads(run_alone(runnable, "StartFunction", CLIENTS, {}))
    assert endpoints["dynamodb eu-central-1"] == "https://dynamodb.eu-central-1.amazonaws.com"
    assert endpoints["secretsmanager cn-north-1"] == "https://secretsmanager.cn-north-1.amazonaws.com.cn"
    assert len(endpoints) == 12
