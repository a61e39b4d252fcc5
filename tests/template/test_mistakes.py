"""The checks notice the mistakes for which they are there: each is made in memory, in the template as written."""

import copy

import pytest

from artefacts.transformed import source_template
from template.checks import CHECKS
from template.checks.scenarios import SCENARIOS
from template.checks.stack import Stack
from template.mistakes import MISTAKES
from template.mistakes.changes import Mistake

WAYS = ("defaults", "external-prod", "elasticache-dev")
"""To deploy: the fewest with which every condition of the template is met once and not met once."""

SLOW = "lint"
"""Asked only where it is expected to say something."""


def noticed(mistake: Mistake) -> set[str]:
    """The names of the checks that find something."""
    source = copy.deepcopy(source_template())
    mistake.change(source)
    first = Stack(source, SCENARIOS[WAYS[0]])
    if any(True for _ in CHECKS["sam"](first)):
        return {"sam"}
    stacks = [first, *(Stack(source, SCENARIOS[way], first.transformed) for way in WAYS[1:])]
    found = {name for name in CHECKS.keys() - {SLOW} if any(True for stack in stacks for _ in CHECKS[name](stack))}
    asked = SLOW in mistake.caught_by
    return found | ({SLOW} if asked and any(True for _ in CHECKS[SLOW](first)) else set())


def test_every_condition_is_met_and_not_met() -> None:
    stacks = [Stack(source_template(), SCENARIOS[way]) for way in WAYS]
    for name in source_template()["Conditions"]:
        assert {stack.value({"Condition": name}) for stack in stacks} == {True, False}, name


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.name for mistake in MISTAKES])
def test_mistake_is_noticed(mistake: Mistake) -> None:
    assert noticed(mistake) == mistake.caught_by


def test_each_check_notices_a_mistake() -> None:
    """One that nothing sets off would prove nothing."""
    assert set().union(*(mistake.caught_by for mistake in MISTAKES)) == CHECKS.keys()
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) > 25
