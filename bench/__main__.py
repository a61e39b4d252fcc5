"""``PYTHONPATH=tests python -m bench [suite...]``: prints a table for each suite and writes ``.build/bench.json``.

A suite is a module with a function ``run() -> Suite``, listed in ``SUITES``. A limit that is not kept is marked MISSED.
"""

import os
import platform
import sys
from importlib import import_module
from pathlib import Path

from bench.figures import Suite, store, table

SUITES = {
    "runtime": "bench.peers.runtime",
    "paced_streams": "bench.peers.paced_streams",
    "stream_function": "bench.functions.stream_function",
    "shared_answers": "bench.functions.shared_answers",
    "cleanup": "bench.functions.cleanup",
    "cold_start": "bench.start.cold_start",
    "bundle": "bench.start.bundle",
}
"""The module of each suite, in the order in which they run."""
OUTPUT = Path(".build/bench.json")


def main(names: list[str]) -> int:
    """Runs the suites of these names, or all of them."""
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        print(f"no such suite: {', '.join(unknown)}; there are {', '.join(SUITES)}", file=sys.stderr)
        return 2
    os.environ["POWERTOOLS_LOG_LEVEL"] = "WARNING"
    environ = dict(os.environ)
    suites: list[Suite] = []
    for name in names or SUITES:
        suites.append(import_module(SUITES[name]).run())
        # What one suite sets, for the functions that it has in this process, is nothing to the next.
        os.environ.clear()
        os.environ.update(environ)
        print(table(suites[-1]), flush=True)
    machine = {"system": platform.platform(), "cpus": os.cpu_count(), "python": platform.python_version()}
    store(suites, machine, OUTPUT)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
