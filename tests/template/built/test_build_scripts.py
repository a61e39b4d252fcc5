"""The build says clearly what it lacks."""

import shutil
import subprocess
from pathlib import Path

import pytest

from artefacts.sam import ROOT


def test_another_python_is_refused_with_one_sentence(tmp_path: Path) -> None:
    """Byte code of another version would be ignored by Lambda, and compiled again at each cold start."""
    shutil.copy(ROOT / "scripts/python313", tmp_path)
    stub = tmp_path / "python3.13"
    stub.write_text("#!/bin/sh\nexit 1\n")
    stub.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run([tmp_path / "python313", "-V"], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "Python 3.13 was not found: run make setup first.\n"


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_each_architecture_of_the_template_has_its_wheels(architecture: str) -> None:
    """AL2023, below Lambda's Python 3.13, has glibc 2.34: wheels for an older one run there."""
    platform = (ROOT / "scripts/platforms" / architecture / "wheels").read_text().strip()
    machine, libc = platform.split("-manylinux_")
    assert machine == {"arm64": "aarch64", "x86_64": "x86_64"}[architecture]
    assert tuple(map(int, libc.split("_"))) <= (2, 34)
