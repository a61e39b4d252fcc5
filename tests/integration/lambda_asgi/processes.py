"""Runtimes as processes, started as Lambda starts them."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

HERE = Path(__file__).parent
BOOTSTRAP = HERE.parents[2] / "functions" / "stream" / "bootstrap"
PATIENCE_SECONDS = 20.0


class RuntimeProcess:
    """``bootstrap <interpreter> <argument>``, or ``python -m lambda_asgi``."""

    def __init__(
        self,
        address: str,
        directory: Path,
        *,
        handler: str = "scripted.app",
        task_root: Path = HERE / "apps",
        bootstrap: bool = True,
        without: tuple[str, ...] = (),
        **environ: str,
    ) -> None:
        command = [str(BOOTSTRAP), sys.executable, "/var/runtime/bootstrap.py"]
        if not bootstrap:
            command = [sys.executable, "-m", "lambda_asgi"]
        environ = {
            **os.environ,
            "AWS_LAMBDA_RUNTIME_API": address,
            "_HANDLER": handler,
            "LAMBDA_TASK_ROOT": str(task_root),
            **environ,
        }
        for name in without:
            del environ[name]
        environ.pop("PYTHONUNBUFFERED", None)  # Lambda does not set it, and it would hide what is held back
        self._stdout, self._stderr = directory / "stdout", directory / "stderr"
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self._process = subprocess.Popen(
                command, env=environ, cwd=directory, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def terminate(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        return self._process.wait(PATIENCE_SECONDS)

    def wait_for_line(self, line: str) -> None:
        """Returns when the process has printed that line."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while line not in self.stdout.splitlines():
            assert time.monotonic() < deadline, f"never printed {line!r}"
            time.sleep(0.01)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def stdout(self) -> str:
        return self._stdout.read_text()

    @property
    def stderr(self) -> str:
        return self._stderr.read_text()


class Gate:
    """Lets the step "gate" of apps/scripted.py go on."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_SECONDS)
        self._sock: socket.socket | None = None
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.close()
        if self._sock is not None:
            self._sock.close()

    def open(self) -> None:
        """One step passes; waits until the application has come to its first gate."""
        self.reached()
        assert self._sock is not None
        self._sock.sendall(b".")

    def reached(self) -> None:
        """Returns when the application has come to its first gate."""
        if self._sock is None:
            self._sock, _ = self._listener.accept()
