"""`scripts/setup` where there is no way to the package registry."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NOWHERE = "http://127.0.0.1:1/simple"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the script needs of the project."""
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    (folder / "scripts").mkdir()
    (folder / "bin").mkdir()
    (folder / "bin/python3.13").symlink_to(sys.executable)
    shutil.copy(ROOT / "scripts/setup", folder / "scripts/setup")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def set_up(checkout: Path) -> subprocess.CompletedProcess[str]:
    environ = {
        "PATH": f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(checkout),
        "PYTHON": sys.executable,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": NOWHERE,
        "PIP_NO_CACHE_DIR": "1",
        "UV_DEFAULT_INDEX": NOWHERE,
        "UV_CACHE_DIR": str(checkout / "cache"),
        "UV_HTTP_RETRIES": "0",
        "UV_NO_CONFIG": "1",
    }
    command = ["scripts/setup", "run"]
    return subprocess.run(command, cwd=checkout, env=environ, capture_output=True, text=True, check=False, timeout=100)


def test_setup_that_cannot_get_uv_says_so_in_one_sentence(checkout: Path) -> None:
    done = set_up(checkout)

    assert done.returncode == 1
    assert done.stderr == (
        "uv could not be installed; it needs the package registry. The full output is in .uv/setup.log.\n"
    )
    assert "127.0.0.1" in (checkout / ".uv/setup.log").read_text()


def test_setup_that_cannot_get_packages_says_so_in_one_sentence(checkout: Path) -> None:
    uv = ROOT / ".uv/bin/uv"
    if not uv.exists():
        pytest.skip("uv is where `make setup` puts it, and was not put there")
    (checkout / ".uv/bin").mkdir(parents=True)
    shutil.copy(uv, checkout / ".uv/bin/uv")
    shutil.copy(checkout / "requirements/uv.txt", checkout / ".uv/uv.txt")

    done = set_up(checkout)

    assert done.returncode == 1
    assert done.stderr == (
        "requirements/run.txt could not be installed; it needs the package registry. "
        "The full output is in .uv/setup.log.\n"
    )
    assert "127.0.0.1" in (checkout / ".uv/setup.log").read_text()
    assert not (checkout / ".venv/.run.stamp").exists()
