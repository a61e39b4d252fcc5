"""What a function's imports cost, by the library that is imported."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROUNDS = 3
_LINE = re.compile(r"import time: +(\d+) \| +\d+ \| +(\S+)")


def import_seconds(python: str, module: str, environ: Mapping[str, str], folder: Path) -> dict[str, float]:
    """Seconds by top-level package, each module's own time without what it imports; each the best of a few processes.

    Measuring makes importing slower, by a third or so: the shares are what is meant.
    """
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, seconds in _measure(python, module, environ, folder).items():
            best[name] = min(seconds, best.get(name, seconds))
    packages: dict[str, float] = {}
    for name, seconds in best.items():
        package = name.partition(".")[0]
        packages[package] = packages.get(package, 0.0) + seconds
    return packages


def _measure(python: str, module: str, environ: Mapping[str, str], folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [python, "-X", "importtime", "-c", f"import gc; gc.disable(); import {module}"],
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name: int(micros) / 1e6 for micros, name in _LINE.findall(done.stderr)}
