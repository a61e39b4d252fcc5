"""Builds the artefact folder of a function or of the layer for `sam build`.

`build_artifact.py layer|start|stream|history|cleanup WORKING_DIRECTORY ARTIFACTS_DIR`, called by the Makefiles next to
the code. SAM passes neither the architecture nor parameters to a Makefile, but it resolves the resource's
`WorkingDirectory`. That is `scripts/platforms/<architecture>`; the file `wheels` in it names uv's platform of the
wheels. Nothing is compiled from C, so any machine builds for any architecture.

SAM's own Python builder ships no `.pyc`, and Lambda's file system is read-only, so every cold start would compile all
modules. This script compiles them to bytecode: `unchecked-hash`, because the archive's timestamps are not real.
For `lambda_asgi` it also puts the byte code into one file (`bytecode_bundle.py`).
"""

import argparse
import compileall
import json
import os
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

from bytecode_bundle import write_bundle

ROOT = Path(__file__).resolve().parent.parent

LAMBDA_PYTHON = (3, 13)

PACKAGES = {
    "layer": ["layers/common/chat", "layers/common/lambda_asgi"],
    "start": ["functions/start/chat_start"],
    "stream": ["functions/stream/chat_stream", "functions/stream/bootstrap"],
    "history": ["functions/history/chat_history"],
    "cleanup": ["functions/cleanup/chat_cleanup"],
}
"""The repository's packages in each artefact."""

WITHOUT_LIBRARIES = {"cleanup"}
"""Functions without a lock: the layer has all their libraries."""

WITH_BUNDLE = {"layer", "stream"}
"""What `lambda_asgi` imports from."""

BOTOCORE_SERVICES = {"dynamodb", "secretsmanager", "ssm", "sts"}
"""The services whose data stays in botocore. Add the service of every new client here."""

NEVER_READ = ("*.pyi", "*.pyx", "*.pxd", "*.pxi", "*.c", "*.h", "RECORD", "REQUESTED", "INSTALLER")
"""Files of wheels that are not read at run time."""

EARLIEST_ZIP_TIME = 315532800
"""1980-01-01 UTC, the earliest time in a zip archive. A fixed time makes builds reproducible."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=PACKAGES)
    parser.add_argument("working_directory", type=Path)
    parser.add_argument("artifacts", type=Path)
    arguments = parser.parse_args()
    if sys.version_info[:2] != LAMBDA_PYTHON:
        sys.exit(f"build_artifact.py needs Python 3.13, Lambda's version: this is {sys.version.split()[0]}.")

    is_layer = arguments.name == "layer"
    target: Path = arguments.artifacts / "python" if is_layer else arguments.artifacts
    target.mkdir(parents=True, exist_ok=True)
    if arguments.name not in WITHOUT_LIBRARIES:
        install(arguments.name, (arguments.working_directory / "wheels").read_text().strip(), target)
    strip(target)
    copy_sources(arguments.name, target)
    compile_sources(target, seen_as="/opt/python" if is_layer else "/var/task")
    if arguments.name in WITH_BUNDLE:
        write_bundle(target)
    set_times(arguments.artifacts)


def install(name: str, platform: str, target: Path) -> None:
    """Installs the lock's wheels into `target`, with hash verification.

    `--no-deps`: a function's lock omits the layer's packages, so its dependencies are not complete.
    """
    command = [find_uv(), "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    command += ["--python-version", "3.13", "--python-platform", platform, "--link-mode", "copy"]
    command += ["--target", str(target), "--requirement", str(ROOT / "requirements" / f"{name}.txt")]
    subprocess.run(command, check=True)


def find_uv() -> str:
    """The path of uv: $UV, the one of scripts/setup, or the one on the PATH."""
    candidates = (os.environ.get("UV"), str(ROOT / ".uv/bin/uv"), "uv")
    found = next((path for name in candidates if name and (path := shutil.which(name))), None)
    if not found:
        sys.exit("build_artifact.py needs uv: run make setup first.")
    return found


def strip(target: Path) -> None:
    """Deletes files that are not read at run time; keeps metadata and licences."""
    shutil.rmtree(target / "bin", ignore_errors=True)
    (target / ".lock").unlink(missing_ok=True)
    for pattern in NEVER_READ:
        for file in target.rglob(pattern):
            file.unlink()
    for folder in target.glob("*/tests"):
        shutil.rmtree(folder)
    for service in target.glob("botocore/data/*/"):
        if service.name not in BOTOCORE_SERVICES:
            shutil.rmtree(service)
    for endpoints in target.glob("botocore/data/endpoints.json"):
        strip_endpoints(endpoints)


def strip_endpoints(path: Path) -> None:
    """Removes the endpoints of services outside `BOTOCORE_SERVICES`.

    A process parses this file before its first client: all services are 1.2 MB, 10 to 20 ms of a cold start.
    """
    document = json.loads(path.read_text())
    for partition in document["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in BOTOCORE_SERVICES}
    path.write_text(json.dumps(document))


def copy_sources(name: str, target: Path) -> None:
    """Copies the repository's packages without caches."""
    for source in (ROOT / path for path in PACKAGES[name]):
        if source.is_dir():
            shutil.copytree(source, target / source.name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*"))
        else:
            shutil.copy2(source, target / source.name)


def compile_sources(target: Path, *, seen_as: str) -> None:
    """Compiles every `.py` to a `.pyc`; `seen_as` is the folder that tracebacks show."""
    compiled = compileall.compile_dir(
        target,
        maxlevels=100,
        stripdir=str(target),
        prependdir=seen_as,
        quiet=1,
        workers=1,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not compiled:
        sys.exit("A file failed to compile.")


def set_times(artifacts: Path) -> None:
    """Sets the same modification time on every file."""
    for path in artifacts.rglob("*"):
        os.utime(path, (EARLIEST_ZIP_TIME, EARLIEST_ZIP_TIME))


if __name__ == "__main__":
    main()
