"""Kills all child processes when the stack exits, even after `kill -9`.

A separate process reads from a pipe which process groups the stack starts and which have exited. The pipe closes when
the stack exits; the guardian then kills the remaining groups. This works on every system with process groups, unlike
Linux's PR_SET_PDEATHSIG.
"""

import contextlib
import os
import signal
import subprocess
import sys
from typing import IO


class Guardian:
    """Starts the guardian process and reports process groups to it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # this very file
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, process_group: int) -> None:
        """Registers a process group to be killed when the stack exits."""
        self._send(f"+{process_group}\n")

    def forget(self, process_group: int) -> None:
        """Unregisters a process group that has exited."""
        self._send(f"-{process_group}\n")

    def close(self) -> None:
        """Kills all process groups that are still registered, and waits for the guardian to exit."""
        assert self._process.stdin is not None  # noqa: S101  # for the type checker: it is a pipe
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101  # for the type checker: it is a pipe
        with contextlib.suppress(OSError):
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()


def kill_group(process_group: int, signal_number: int = signal.SIGKILL) -> None:
    """Signals every process of the group; a group that no longer exists is ignored."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process_group, signal_number)


def guard(commands: IO[str]) -> None:
    """Reads commands until end of file, then kills the remaining groups."""
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
