"""A child process in its own process group; its output is read line by line."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local_stack.processes.guardian import Guardian, kill_group

_READ_BYTES = 65536
_MAX_LINE_BYTES = 1024 * 1024


class Child:
    """A running process, the leader of its process group."""

    def __init__(self, process: asyncio.subprocess.Process, guardian: Guardian) -> None:
        self._process = process
        self._guardian = guardian
        self._ended = False
        guardian.watch(process.pid)

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None,
        guardian: Guardian,
        descriptors: Sequence[int] = (),
    ) -> "Child":
        """Starts the process without stdin, with stdout and stderr merged; it inherits `descriptors`.

        Raises:
            OSError: the program cannot be started.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            env=dict(env),
            cwd=cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            pass_fds=descriptors,
        )
        return cls(process, guardian)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def run(self, take_line: Callable[[str], None]) -> int:
        """Passes output lines to `take_line` until the process exits; returns its exit code, negative for a signal."""
        reading = asyncio.create_task(self._read(take_line))
        code = await self._process.wait()
        # A grandchild may hold the pipe open: it is in the same group and is killed with it.
        kill_group(self.pid)
        self._ended = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reading, 1)
        self._guardian.forget(self.pid)
        return code

    def kill(self) -> None:
        """Kills the process group."""
        if not self._ended:
            kill_group(self.pid)

    def terminate(self) -> None:
        """Sends SIGTERM to the process group."""
        if not self._ended:
            kill_group(self.pid, signal.SIGTERM)

    async def _read(self, take_line: Callable[[str], None]) -> None:
        assert self._process.stdout is not None  # noqa: S101  # for the type checker: it is a pipe
        rest = b""
        while data := await self._process.stdout.read(_READ_BYTES):
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > _MAX_LINE_BYTES:
                lines, rest = [*lines, rest], b""
            for line in lines:
                _take(line, take_line)
        if rest:
            _take(rest, take_line)


def _take(line: bytes, take_line: Callable[[str], None]) -> None:
    # Lambda's runtime client separates a traceback's lines with \r, so that CloudWatch stores one event.
    for part in line.decode("utf-8", "replace").rstrip("\r").split("\r"):
        take_line(part)


def describe_exit(code: int) -> str:
    """The exit code in Lambda's wording: "exit status 1" or "signal: killed"."""
    if code >= 0:
        return f"exit status {code}"
    return f"signal: {signal.strsignal(-code) or -code}".lower()
