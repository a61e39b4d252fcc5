"""`python -m simulation`: runs seeds, prints what happened, and the shortest history that breaks a promise."""

import argparse
import sys

from simulation.plan import draw
from simulation.run import simulate
from simulation.shrink import shrink
from simulation.summary import Summary
from simulation.table import table

ENOUGH_FOR_ALL_FAULTS = 200
"""Runs after which a fault that has never happened is an error."""


def main(arguments: list[str] | None = None) -> int:
    """0: every promise was kept; 1: one was broken; 2: a fault never happened."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="run this one, and print its whole history")
    parser.add_argument("--stop", action="store_true", help="stop at the first promise that is broken")
    options = parser.parse_args(arguments)
    if options.seed is not None:
        return _one(options.seed)
    summary = Summary()
    for seed in range(options.first, options.first + options.seeds):
        summary.add(simulate(draw(seed)))
        if summary.broken and options.stop:
            break
    print("\n".join(summary.lines()))
    for result in summary.broken[1:]:
        print(f"Seed {result.plan.seed}: {result.broken}")
    if summary.broken:
        print("\n" + table(shrink(summary.broken[0])))
        return 1
    if summary.runs >= ENOUGH_FOR_ALL_FAULTS and (never := summary.never()):
        print(f"Never happened: {', '.join(never)}")
        return 2
    return 0


def _one(seed: int) -> int:
    result = simulate(draw(seed), record=True)
    print(table(shrink(result) if result.broken else result))
    return int(result.broken is not None)


if __name__ == "__main__":
    sys.exit(main())
