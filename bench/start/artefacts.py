"""What is deployed, for this machine's processor: `sam build`'s artefacts, and the same without byte code."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local_stack.sam.template import Template, read_template

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".build" / "bench-artefacts"
RUNTIME = ROOT / ".build" / "bench-runtime"
"""An interpreter with Lambda's runtime client and nothing else."""

_ARCHITECTURES = {"aarch64": "arm64", "x86_64": "x86_64"}


@dataclass(frozen=True)
class Built:
    """The template of the artefacts as they are deployed, and of a copy that lacks every `.pyc`."""

    shipped: Template
    without_pyc: Template


def build() -> Built:
    """What `sam build` makes of the sources as they are now."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    shipped, without_pyc = FOLDER / "shipped", FOLDER / "without-pyc"
    architecture = f"Architecture={_ARCHITECTURES[os.uname().machine]}"
    subprocess.run(
        [ROOT / "scripts/sam", "build", "--build-dir", str(shipped), "--parameter-overrides", architecture],
        cwd=ROOT,
        env=os.environ | {"AWS_DEFAULT_REGION": "eu-central-1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    shutil.copytree(shipped, without_pyc, copy_function=os.link, ignore=shutil.ignore_patterns("__pycache__"))
    return Built(_template(shipped), _template(without_pyc))


def _template(folder: Path) -> Template:
    return read_template(folder / "template.yaml", {"JwtIssuer": "bench"})
