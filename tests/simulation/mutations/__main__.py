"""`python -m simulation.mutations`: puts each fault into the code and runs seeds until the simulation finds it."""

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from simulation.mutations.catalogue import MUTATIONS
from simulation.mutations.mutation import Mutation, install

NAME_CHARS = 78


def main() -> int:
    """0: all were found."""
    parser = argparse.ArgumentParser(prog="python -m simulation.mutations", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many seeds each gets")
    parser.add_argument("--only", help="a part of the names of those to run")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--run", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run is not None:
        return _run(next(mutation for mutation in MUTATIONS if mutation.name == options.run), options.seeds)
    chosen = [mutation for mutation in MUTATIONS if not options.only or options.only in mutation.name]
    with ThreadPoolExecutor(options.processes) as pool:
        results = list(pool.map(lambda mutation: _in_a_process(mutation, options.seeds), chosen))
    found = sum(line is not None for line in results)
    for mutation, line in zip(chosen, results, strict=True):
        print(f"{mutation.name:{NAME_CHARS}}  {line or 'NOT FOUND'}")
    print(f"{found} of {len(chosen)} faults found within {options.seeds} seeds each")
    return int(found < len(chosen))


def _in_a_process(mutation: Mutation, seeds: int) -> str | None:
    command = [sys.executable, "-m", "simulation.mutations", "--run", mutation.name, "--seeds", str(seeds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        raise RuntimeError(f"{mutation.name}: {done.stderr[-2000:]}")
    return done.stdout.strip() or None


def _run(mutation: Mutation, seeds: int) -> int:
    """Prints after how many seeds it was found, and by which promise."""
    install(mutation)
    from simulation.plan import draw  # only now, with the fault in place
    from simulation.run import simulate

    began = time.process_time()
    for seed in range(seeds):
        if broken := simulate(draw(seed)).broken:
            print(f"seed {seed:4}  {time.process_time() - began:5.1f} s  {broken[:90]}")
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
