"""What `sam build` makes, once for a run of the tests."""

import fcntl
import os
import subprocess
from pathlib import Path

from pytest import TempPathFactory  # noqa: PT013  # a type, where pytest is not needed

ROOT = Path(__file__).resolve().parents[2]

ARCHITECTURES = {"arm64": "aarch64", "x86_64": "x86_64"}
"""Lambda's names of the processors, and the kernel's."""

SAM_TIMEOUT_SECONDS = 280
"""The first call on a machine installs the SAM CLI, the first build fetches wheels."""


def sam(*arguments: str) -> str:
    """What `scripts/sam` prints.

    Raises:
        AssertionError: it failed; with what it printed.
    """
    environ = os.environ | {"AWS_DEFAULT_REGION": "eu-central-1"}
    done = subprocess.run(
        [ROOT / "scripts/sam", *arguments],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SAM_TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"sam {' '.join(arguments)}:\n{done.stdout}"
    return done.stdout


def build(architecture: str, factory: TempPathFactory) -> Path:
    """The folder with `template.yaml`, `CommonLayer/python`, `StreamFunction`, ...: one for all workers of a run."""
    worker = factory.getbasetemp()
    run = worker.parent if "PYTEST_XDIST_WORKER" in os.environ else worker
    target = run / f"sam-{architecture}" / "build"
    target.parent.mkdir(exist_ok=True)
    with (target.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = target.parent / "done"
        if not done.exists():
            sam("build", "--build-dir", str(target), "--parameter-overrides", f"Architecture={architecture}")
            done.touch()
    return target


def build_for_this_machine(factory: TempPathFactory) -> Path:
    """The same, for the processor that is here."""
    return build(next(name for name, kernel in ARCHITECTURES.items() if kernel == os.uname().machine), factory)
