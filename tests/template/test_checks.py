"""The template passes all checks, in each way to deploy it."""

import json

import pytest

from artefacts.sam import sam
from artefacts.transformed import source_template
from template.checks import CHECKS
from template.checks.lint import check_lint
from template.checks.scenarios import ALL_COMBINATIONS, SCENARIOS
from template.checks.stack import Stack

STACKS = {name: Stack(source_template(), parameters) for name, parameters in SCENARIOS.items()}


@pytest.mark.parametrize("check", [name for name in CHECKS if name != "lint"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_template_passes(scenario: str, check: str) -> None:
    assert list(CHECKS[check](STACKS[scenario])) == []


def test_transformed_template_has_no_findings_of_cfn_lint() -> None:
    """It is the same for all parameters: CloudFormation decides the conditions, and cfn-lint goes through them."""
    stacks = [Stack(source_template(), parameters) for parameters in (*ALL_COMBINATIONS, *SCENARIOS.values())]
    (_,) = {json.dumps(stack.transformed, sort_keys=True) for stack in stacks}
    assert list(check_lint(stacks[0])) == []


@pytest.mark.timeout(300)
def test_template_is_valid_for_the_sam_cli() -> None:
    assert "is a valid SAM Template" in sam("validate", "--lint")


@pytest.mark.parametrize("parameters", [*SCENARIOS.values(), *ALL_COMBINATIONS], ids=str)
def test_ways_to_deploy_keep_the_rules(parameters: dict[str, str]) -> None:
    """CloudFormation would refuse one that does not, and the checks of it would say nothing."""
    stack = Stack(source_template(), parameters)
    for name, values in parameters.items():
        assert values in stack.source["Parameters"][name].get("AllowedValues", [values])
    for rule in stack.source["Rules"].values():
        assert all(stack.value(assertion["Assert"]) for assertion in rule["Assertions"])
