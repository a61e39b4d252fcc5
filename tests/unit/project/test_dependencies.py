"""Every import is declared in pyproject.toml: deptry as `make lint` runs it, over mistakes."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DEPTRY = Path(sys.executable).parent / "deptry"
COMMANDS = re.findall(r"^\t@\$\(BIN\)/deptry (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
DEPLOYED, OTHERS = COMMANDS


@pytest.mark.parametrize(
    ("command", "place", "module", "code"),
    [
        (DEPLOYED, "functions/stream", "not_declared_anywhere", "DEP001"),
        (DEPLOYED, "layers/common", "anyio", "DEP003"),
        (DEPLOYED, "functions/start", "moto", "DEP004"),
        (OTHERS, "tests", "not_declared_anywhere", "DEP001"),
        (OTHERS, "local", "anyio", "DEP003"),
    ],
)
def test_undeclared_import_is_found(tmp_path: Path, command: str, place: str, module: str, code: str) -> None:
    """DEP001: declared nowhere; DEP003: brought in by something else; DEP004: only there for development."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for root in re.findall(r"\S+", command.partition("--no-ansi")[2]):
        if not root.startswith(("-", "DEP")):
            (tmp_path / root).mkdir(parents=True)
    (tmp_path / place / "seeded.py").write_text(f"import {module}\n")
    found = subprocess.run([DEPTRY, *command.split()], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert f"{code} '{module}'" in found.stderr
