"""Skips are failures where CI=true: the hooks of tests/conftest.py in a pytest of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[2] / "conftest.py"
SKIPS = {
    "body": 'import pytest\ndef test_it():\n    pytest.skip("no java")\n',
    "mark": 'import pytest\n@pytest.mark.skipif(True, reason="no java")\ndef test_it():\n    pass\n',
    "module": 'import pytest\npytest.skip("no java", allow_module_level=True)\n',
}


def run_pytest(folder: Path, content: str, ci: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_one.py").write_text(content)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", str(folder)],
        cwd=folder,
        env=os.environ | {"CI": ci, "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("kind", SKIPS)
def test_a_skip_fails_where_ci_is_true(tmp_path: Path, kind: str) -> None:
    result = run_pytest(tmp_path, SKIPS[kind], "true")
    assert result.returncode not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}, result.stdout
    assert "CI=true allows no skip. Skipped: no java" in result.stdout


@pytest.mark.parametrize("kind", ["body", "mark"])
def test_a_skip_is_a_skip_elsewhere(tmp_path: Path, kind: str) -> None:
    result = run_pytest(tmp_path, SKIPS[kind], "false")
    assert result.returncode == pytest.ExitCode.OK, result.stdout
    assert "1 skipped" in result.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    content = "import pytest\n@pytest.mark.xfail\ndef test_it():\n    assert False\n"
    assert run_pytest(tmp_path, content, "true").returncode == pytest.ExitCode.OK
