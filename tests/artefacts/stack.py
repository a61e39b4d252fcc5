"""The stack on one machine as a process of the tests."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

READY_SECONDS = 60.0
STOP_SECONDS = 15.0


@contextlib.contextmanager
def running_stack(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Starts the stack on a free port, gives its address, and ends it; `folder` keeps its state and log."""
    log = folder / "stack.log"
    command = [sys.executable, "-m", "local_stack", "--no-reload", "--state", str(folder / "state"), *arguments]
    settings = {"PORT": "0", "PYTHONUNBUFFERED": "1", "DEMO_TOKENS_PER_SECOND": "200", **(environ or {})}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=os.environ | settings, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield _address(process, log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """Waits for the line that says where the stack is."""
    limit = time.monotonic() + READY_SECONDS
    while time.monotonic() < limit and process.poll() is None:
        if match := re.search(r"ready on (http://\S+)", log.read_text()):
            return match[1]
        time.sleep(0.05)
    raise AssertionError(f"The stack was not ready (exit code {process.poll()}):\n{log.read_text()}")
