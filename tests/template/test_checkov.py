"""Checkov finds what the baseline accepts, with a reason for each, and nothing else."""

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from artefacts.sam import ROOT
from artefacts.transformed import source_template
from template.checks.scenarios import SCENARIOS
from template.checks.stack import Stack

BASELINE = Path(__file__).with_name("checkov_baseline.toml")
PRODUCTION = tuple(name for name in SCENARIOS if name.endswith("-prod"))
"""Elsewhere protection is left out on purpose."""


@pytest.fixture(scope="module")
def accepted() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = tomllib.loads(BASELINE.read_text())["accepted"]
    return entries


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Checkov says of the templates as CloudFormation sees them, conditions decided."""
    folder = tmp_path_factory.mktemp("checkov")
    for name in PRODUCTION:
        document = {"Resources": Stack(source_template(), SCENARIOS[name]).resources}
        (folder / f"{name}.json").write_text(json.dumps(document))
    files = [str(file) for file in folder.iterdir()]
    done = subprocess.run(
        [ROOT / "scripts/checkov", "--framework", "cloudformation", "--output", "json", "--file", *files],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode in {0, 1}, done.stderr  # 1: it found something
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.timeout(300)
def test_findings_are_those_of_the_baseline(report: dict[str, Any], accepted: list[dict[str, Any]]) -> None:
    """An entry that is found no longer is as wrong as a finding that has none."""
    found = {(item["check_id"], item["resource"].removeprefix("AWS::")) for item in report["results"]["failed_checks"]}
    assert found == {(entry["check"], resource) for entry in accepted for resource in entry["resources"]}


@pytest.mark.timeout(300)
def test_every_template_was_read(report: dict[str, Any]) -> None:
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["skipped"] == 0
    assert {Path(item["file_path"]).stem for item in report["results"]["failed_checks"]} == set(PRODUCTION)
    assert report["summary"]["passed"] > 200


def test_each_entry_has_its_reason(accepted: list[dict[str, Any]]) -> None:
    for entry in accepted:
        assert len(entry["reason"].split()) > 8, entry["check"]
        assert entry.keys() == {"check", "resources", "reason"}
    pairs = [(entry["check"], resource) for entry in accepted for resource in entry["resources"]]
    assert len(pairs) == len(set(pairs))
