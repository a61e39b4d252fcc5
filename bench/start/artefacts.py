"""What is deployed, for this machine's processor: `sam build`'s artefacts, and copies that lack byte code."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lambda_asgi.bundle import FILE_NAME
from local_stack.sam.template import FunctionSpec, Template, read_template

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".build" / "bench-artefacts"
RUNTIME = ROOT / ".build" / "bench-runtime"
"""An interpreter with Lambda's runtime client and nothing else."""

_ARCHITECTURES = {"aarch64": "arm64", "x86_64": "x86_64"}


@dataclass(frozen=True)
class Built:
    """The templates of the artefacts as they are deployed, of a copy without bundles, and of one without byte code."""

    shipped: Template
    without_bundle: Template
    without_bytecode: Template


def build() -> Built:
    """What `sam build` makes of the sources as they are now."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    shipped = FOLDER / "shipped"
    architecture = f"Architecture={_ARCHITECTURES[os.uname().machine]}"
    subprocess.run(
        [ROOT / "scripts/sam", "build", "--build-dir", str(shipped), "--parameter-overrides", architecture],
        cwd=ROOT,
        env=os.environ | {"AWS_DEFAULT_REGION": "eu-central-1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    os.sync()  # the kernel drops only pages that are on disk (`drop_from_page_cache`)
    return Built(
        _template(shipped),
        _template(_copy_without("bundle", FILE_NAME)),
        _template(_copy_without("bytecode", FILE_NAME, "__pycache__")),
    )


def drop_from_page_cache(function: FunctionSpec) -> None:
    """Drops the contents of all files of a function and its layers, as on a machine that has not run it before."""
    for folder in (function.code, *function.layers):
        for path in folder.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _copy_without(name: str, *patterns: str) -> Path:
    """A copy of hard links without the files and folders of these names."""
    copy = FOLDER / f"without-{name}"
    shutil.copytree(FOLDER / "shipped", copy, copy_function=os.link, ignore=shutil.ignore_patterns(*patterns))
    return copy


def _template(folder: Path) -> Template:
    return read_template(folder / "template.yaml", {"JwtIssuer": "bench"})
