"""The local stack as a process, for tests that need the whole system or a Lambda to run functions of their own."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

READY_SECONDS = 60.0
STOP_SECONDS = 15.0
_POLL_SECONDS = 0.05
_READY = re.compile(r"is ready on (http://\S+)")
_FROM_HERE = ("PATH", "HOME", "LANG", "PYTHONPATH")


class StackError(Exception):
    """The stack did not do what every test takes for granted; the message has its log."""


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack that is ready. `url` has no slash at its end."""

    url: str
    process: subprocess.Popen[bytes]
    log_file: Path

    def log(self) -> str:
        """All that it has printed."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def wait_for_log(self, pattern: str, *, seconds: float = 20.0) -> re.Match[str]:
        """The first match of a regular expression in the log, as soon as there is one."""
        return _wait_for_log(self.process, self.log_file, re.compile(pattern), seconds)

    def wait_for(self, condition: Callable[[], bool], *, seconds: float = 20.0) -> None:
        """Until it is true."""
        limit = time.monotonic() + seconds
        while not condition():
            if time.monotonic() >= limit:
                raise StackError(f"it did not become true:\n{self.log()}")
            time.sleep(_POLL_SECONDS)

    def address_of(self, service: str) -> str:
        """The address of a server that the stack started: "dynamodb", "redis" or "demo"."""
        return self.wait_for_log(rf"(?m)^ *{service} \| is on (\S+)$", seconds=0)[1]

    def run(self, function: str) -> dict[str, float]:
        """Runs a function that has a schedule at once; what it returns."""
        with urlopen(Request(f"{self.url}/local/run/{function}", method="POST"), timeout=60) as response:
            found: dict[str, float] = json.load(response)
        return found

    def token(self, user: str, tier: str = "PRO", *, disabled: bool = False) -> str:
        """Gives the user a tier; returns a bearer token."""
        query = urlencode({"user": user, "tier": tier, "disabled": str(disabled).lower()})
        with urlopen(f"{self.url}/local/token?{query}", timeout=10) as response:  # http on this machine
            return str(response.read().decode())


@contextlib.contextmanager
def running_stack(
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    reload: bool = False,
) -> Iterator[RunningStack]:
    """Starts `python -m local_stack` on a free port, ends it with SIGINT and sees to it that it ends well.

    `arguments` are the command's own. Of this process's environment it gets none but PATH, HOME, LANG and PYTHONPATH,
    and `environ` on top: no developer's keys. `variables` are given to all functions, over what the template says.
    Edits restart no process unless `reload`.
    """
    with tempfile.TemporaryDirectory(prefix="chat-sse-") as folder:
        log_file = Path(folder, "log")
        process = start_stack(
            [*([] if reload else ["--no-reload"]), "--state", folder, *_settings(variables or {}), *arguments],
            environ or {},
            log_file,
        )
        try:
            match = _wait_for_log(process, log_file, _READY, READY_SECONDS)
            yield RunningStack(match[1], process, log_file)
        finally:
            stop_stack(process, log_file)


def start_stack(arguments: Sequence[str], environ: Mapping[str, str], log_file: Path) -> subprocess.Popen[bytes]:
    """The bare process, not waited for."""
    with log_file.open("wb") as log:
        return subprocess.Popen(  # this project's own module
            [sys.executable, "-m", "local_stack", *arguments],
            env={**_from_here(), "PORT": "0", "LOGS": "json", **environ},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _from_here() -> dict[str, str]:
    return {name: os.environ[name] for name in _FROM_HERE if name in os.environ}


def stop_stack(process: subprocess.Popen[bytes], log_file: Path) -> None:
    """Ends the stack as Ctrl-C does.

    Raises:
        StackError: it does not end, or not with 0.
    """
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        code = process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise StackError(f"the stack did not end:\n{log_file.read_text()}") from None
    if code not in {0, -signal.SIGKILL}:
        raise StackError(f"the stack ended with {code}:\n{log_file.read_text()}")


def _settings(variables: Mapping[str, str]) -> list[str]:
    return [argument for name, value in variables.items() for argument in ("--set", f"{name}={value}")]


def _wait_for_log(
    process: subprocess.Popen[bytes], log_file: Path, pattern: re.Pattern[str], seconds: float
) -> re.Match[str]:
    limit = time.monotonic() + seconds
    while True:
        ended = process.poll() is not None
        text = log_file.read_text(encoding="utf-8", errors="replace")
        if (match := pattern.search(text)) is not None:
            return match
        if ended or time.monotonic() >= limit:
            raise StackError(f"{pattern.pattern!r} is not in the log:\n{text}")
        time.sleep(_POLL_SECONDS)
