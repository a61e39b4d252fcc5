"""Builds what `sam build` packs: a function's folder, or the layer's.

`build_artifact.py layer|start|stream|history|cleanup WORKING_DIRECTORY ARTIFACTS_DIR`, called by the Makefiles beside
the code. SAM tells a Makefile neither its architecture nor the template's parameters; what it does resolve is the
resource's `WorkingDirectory`. So that one is `scripts/platforms/<architecture>`, and the file `wheels` in it names the
platform of the wheels, for uv. Nothing is compiled from C: any machine builds for any architecture.

SAM's own Python builder ships no `.pyc`, and Lambda's file system is read-only, so that each cold start would compile
every module again. Hence the byte code is made here: `unchecked-hash`, as the archive's times mean nothing.
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

ROOT = Path(__file__).resolve().parent.parent

LAMBDA_PYTHON = (3, 13)

PACKAGES = {
    "layer": ["layers/common/chat", "layers/common/lambda_asgi"],
    "start": ["functions/start/chat_start"],
    "stream": ["functions/stream/chat_stream", "functions/stream/bootstrap"],
    "history": ["functions/history/chat_history"],
    "cleanup": ["functions/cleanup/chat_cleanup"],
}
"""What of the repository goes into each artefact; nothing else does."""

WITHOUT_LIBRARIES = {"cleanup"}
"""Functions for which the layer has everything: they have no lock."""

BOTOCORE_SERVICES = {"dynamodb", "secretsmanager", "ssm", "sts"}
"""The services whose descriptions and endpoints stay in botocore's data. Another client needs its name here."""

NEVER_READ = ("*.pyi", "*.pyx", "*.pxd", "*.pxi", "*.c", "*.h", "RECORD", "REQUESTED", "INSTALLER")
"""Files of wheels that nothing reads at run time."""

EARLIEST_ZIP_TIME = 315532800
"""1980-01-01 UTC, the first instant a zip archive can hold: equal contents give equal archives."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=PACKAGES)
    parser.add_argument("working_directory", type=Path)
    parser.add_argument("artifacts", type=Path)
    arguments = parser.parse_args()
    if sys.version_info[:2] != LAMBDA_PYTHON:
        sys.exit(f"build_artifact.py needs Python 3.13, as Lambda runs it: this is {sys.version.split()[0]}.")

    is_layer = arguments.name == "layer"
    target: Path = arguments.artifacts / "python" if is_layer else arguments.artifacts
    target.mkdir(parents=True, exist_ok=True)
    if arguments.name not in WITHOUT_LIBRARIES:
        install(arguments.name, (arguments.working_directory / "wheels").read_text().strip(), target)
    strip(target)
    copy_sources(arguments.name, target)
    compile_sources(target, seen_as="/opt/python" if is_layer else "/var/task")
    set_times(arguments.artifacts)


def install(name: str, platform: str, target: Path) -> None:
    """Unpacks the wheels of the lock, each checked against its hash, into `target`.

    `--no-deps`: a function's lock leaves out what the layer brings, so it is not closed under dependencies.
    """
    command = [find_uv(), "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    command += ["--python-version", "3.13", "--python-platform", platform, "--link-mode", "copy"]
    command += ["--target", str(target), "--requirement", str(ROOT / "requirements" / f"{name}.txt")]
    subprocess.run(command, check=True)


def find_uv() -> str:
    """The uv of scripts/setup, or $UV, or the one on the PATH."""
    candidates = (os.environ.get("UV"), str(ROOT / ".uv/bin/uv"), "uv")
    found = next((path for name in candidates if name and (path := shutil.which(name))), None)
    if not found:
        sys.exit("build_artifact.py needs uv: run make setup first.")
    return found


def strip(target: Path) -> None:
    """Takes out what nothing reads at run time; metadata and licences stay."""
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
    """Keeps the regions, and the endpoints of `BOTOCORE_SERVICES`.

    A process parses this file before its first client: the 1.2 MB of all services took 10 to 20 ms of a cold start.
    """
    document = json.loads(path.read_text())
    for partition in document["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in BOTOCORE_SERVICES}
    path.write_text(json.dumps(document))


def copy_sources(name: str, target: Path) -> None:
    """Copies the repository's own packages, without caches."""
    for source in (ROOT / path for path in PACKAGES[name]):
        if source.is_dir():
            shutil.copytree(source, target / source.name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*"))
        else:
            shutil.copy2(source, target / source.name)


def compile_sources(target: Path, *, seen_as: str) -> None:
    """Makes a `.pyc` for every `.py`; `seen_as` is where tracebacks will say that the files lie."""
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
        sys.exit("A file did not compile.")


def set_times(artifacts: Path) -> None:
    """Gives every file one and the same time."""
    for path in artifacts.rglob("*"):
        os.utime(path, (EARLIEST_ZIP_TIME, EARLIEST_ZIP_TIME))


if __name__ == "__main__":
    main()
