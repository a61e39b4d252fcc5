"""The yardstick: a process that imports FastAPI, Pydantic and botocore and then ends.

The same code starts in 385 ms on one machine and in 549 ms on another. Its ratio to the yardstick, measured in the same
run, is the same on both.
"""

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

NAME = "a process that imports FastAPI, Pydantic and botocore"
_PROGRAM = "import fastapi, pydantic, botocore.session"


def yardstick_seconds(python: Path | str, environ: Mapping[str, str], folder: Path) -> float:
    """Seconds from the start of the process to its end."""
    began = time.perf_counter()
    subprocess.run([str(python), "-c", _PROGRAM], env=dict(environ), cwd=folder, check=True)
    return time.perf_counter() - began
