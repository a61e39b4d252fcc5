"""The workflow on GitHub runs what `.ci/run` runs, with no right that it does not need."""

import os
import re
from typing import Any

import pytest
import yaml

from artefacts.sam import ROOT

WORKFLOWS = ROOT / ".github/workflows"


@pytest.fixture
def workflow() -> dict[Any, Any]:
    (file,) = WORKFLOWS.iterdir()
    document: dict[Any, Any] = yaml.safe_load(file.read_text())
    return document


def test_workflow_calls_the_script_on_a_clean_checkout(workflow: dict[Any, Any]) -> None:
    (job,) = workflow["jobs"].values()
    checkout, run = job["steps"]
    assert checkout["uses"].startswith("actions/checkout@")
    assert run == {"run": ".ci/run"}
    assert os.access(ROOT / run["run"], os.X_OK)


def test_workflow_runs_for_the_main_branch_and_for_what_wants_into_it(workflow: dict[Any, Any]) -> None:
    triggers = workflow[True]  # YAML 1.1 reads `on` so
    assert triggers.keys() == {"push", "pull_request", "workflow_dispatch"}
    assert triggers["push"] == {"branches": ["main"]}


def test_workflow_may_read_the_sources_and_nothing_else(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert "permissions" not in job
    assert "secrets." not in str(workflow)


def test_actions_are_pinned_and_leave_no_credentials(workflow: dict[Any, Any]) -> None:
    """A tag can be moved, a commit cannot."""
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"])
                assert step["with"]["persist-credentials"] is False


def test_workflow_ends_in_time_and_not_twice_at_once(workflow: dict[Any, Any]) -> None:
    assert all(0 < job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())
    assert "github.ref" in workflow["concurrency"]["group"]
    assert "cancel-in-progress" in workflow["concurrency"]
