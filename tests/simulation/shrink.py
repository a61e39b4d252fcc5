"""Makes a plan that breaks a promise as short as it gets while it still breaks the same promise."""

import re

from simulation.plan import Plan
from simulation.run import Result, simulate

MAX_RUNS = 400

_PARTICULARS = re.compile(r"[0-9A-Z]{26}|'[^']*'|\"[^\"]*\"|[-0-9.]+|\b(?:alice|bob|carol|tab|late|another)\b")


def shrink(result: Result) -> Result:
    """The shortest failing run that was found: `delta debugging`, as Zeller's `ddmin`, over the plan's actions."""
    promise, best, runs = _kind(result.broken), result.plan, 0
    size = max(1, len(best.actions) // 2)
    while runs < MAX_RUNS:
        removed = False
        for first in range(0, len(best.actions), size):
            runs += 1
            shorter = best.without(set(range(first, first + size)))
            if shorter.actions and _kind(simulate(shorter).broken) == promise:
                best, removed = shorter, True
                break
        if not removed:
            if size == 1:
                break
            size //= 2
    return _recorded(best)


def _recorded(plan: Plan) -> Result:
    return simulate(plan, record=True)


def _kind(broken: str | None) -> str | None:
    """A violation without names and numbers, which change when a plan gets shorter."""
    return None if broken is None else _PARTICULARS.sub("#", broken)
