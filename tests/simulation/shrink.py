"""Makes a plan that breaks a promise as short as it gets while it still breaks the same promise."""

import re
from collections.abc import Iterator
from dataclasses import replace

from simulation.plan import Plan
from simulation.run import Result, simulate

MAX_RUNS = 3000
VARIANTS = 8
"""How often a shorter plan is tried: a race may need other latencies to show once there is less to wait for."""

_PARTICULARS = re.compile(r"[0-9A-Z]{26}|'[^']*'|\"[^\"]*\"|[-0-9.]+|\b(?:alice|bob|carol|tab|late|another)\b")


def shrink(result: Result) -> Result:
    """The shortest failing run that was found: `delta debugging`, as Zeller's `ddmin`, over the plan's actions."""
    promise, best, runs = _kind(result.broken), result.plan, 0
    size = max(1, len(best.actions) // 2)
    while runs < MAX_RUNS:
        removed = False
        for first in range(0, len(best.actions), size):
            shorter = best.without(set(range(first, first + size)))
            runs += VARIANTS
            failing = next((plan for plan in _variants(shorter) if _kind(simulate(plan).broken) == promise), None)
            if failing is not None:
                best, removed = failing, True
                break
        if not removed:
            if size == 1:
                break
            size //= 2
    return _recorded(best)


def _variants(plan: Plan) -> Iterator[Plan]:
    if plan.actions:
        yield from (replace(plan, variant=f"/{number}" if number else plan.variant) for number in range(VARIANTS))


def _recorded(plan: Plan) -> Result:
    return simulate(plan, record=True)


def _kind(broken: str | None) -> str | None:
    """A violation without names and numbers, which change when a plan gets shorter."""
    return None if broken is None else _PARTICULARS.sub("#", broken)
