"""The template as the SAM CLI sees it, and its transformed form as cfn-lint sees it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from artefacts.sam import sam


@pytest.mark.timeout(300)
def test_template_is_valid_for_the_sam_cli() -> None:
    assert "is a valid SAM Template" in sam("validate", "--lint")


def test_transformed_template_has_no_findings(transformed: dict[str, Any], tmp_path: Path) -> None:
    """Informational ones included."""
    file = tmp_path / "transformed.json"
    file.write_text(json.dumps(transformed))
    linter = str(Path(sys.executable).with_name("cfn-lint"))
    command = [linter, "--include-checks", "I", "--regions", "eu-central-1", "--", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
