"""The DynamoDB of the stack on one machine."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def dynamodb_server(file: Path | None = None) -> Iterator[str]:
    """A new server; yields its URL and ends it with SIGKILL. Without a file it is empty."""
    command = [sys.executable, "-m", "local_stack.dynamodb_server"]
    if file is not None:
        command += ["--file", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.kill()
