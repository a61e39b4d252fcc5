"""Sees to it that nothing outlives the stack, however it dies.

A process of its own holds the reading end of a pipe and hears of every process group that the stack starts or sees
end. When the pipe closes the stack is gone, be it by `kill -9`, and the groups that are left are killed. Works wherever
there are process groups; Linux's PR_SET_PDEATHSIG would not.
"""

import contextlib
import os
import signal
import subprocess
import sys
from typing import IO


class Guardian:
    """Starts the guarding process; lives as long as the stack."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # this very file
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, process_group: int) -> None:
        """To be killed when the stack is gone."""
        self._tell(f"+{process_group}\n")

    def forget(self, process_group: int) -> None:
        """It has ended."""
        self._tell(f"-{process_group}\n")

    def close(self) -> None:
        """The stack ends: what is still being watched is killed."""
        assert self._process.stdin is not None  # noqa: S101  # for the type checker: it is a pipe
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101  # for the type checker: it is a pipe
        with contextlib.suppress(OSError):
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()


def kill_group(process_group: int, signal_number: int = signal.SIGKILL) -> None:
    """Signals every process of the group; one that is gone is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process_group, signal_number)


def guard(commands: IO[str]) -> None:
    """Reads commands to their end, then kills what is left."""
    groups: set[int] = set()
    for line in commands:
        if line.startswith("+"):
            groups.add(int(line[1:]))
        else:
            groups.discard(int(line[1:]))
    for group in groups:
        kill_group(group)


if __name__ == "__main__":
    guard(sys.stdin)
