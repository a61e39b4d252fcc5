"""AWS's Runtime Interface Emulator, out of the aws-sam-cli wheel that ``requirements/sam.txt`` pins.

It is AWS's own code, so it shows what AWS accepts. Unlike Lambda, it buffers the whole response and drops trailers.
"""

import platform
import re
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes.network.free_ports import free_port

ROOT = Path(__file__).parents[4]
LOCK = ROOT / "requirements" / "sam.txt"
CACHE = ROOT / ".cache"
UV = ROOT / ".uv" / "bin" / "uv"
PATIENCE_SECONDS = 20.0
INVOCATIONS = "/2015-03-31/functions/function/invocations"


class EmulatorMissingError(Exception):
    """The emulator is not available on this machine; the message says why."""


def emulator() -> Path:
    """The executable for this machine, fetched once into ``.cache``."""
    architecture = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine())
    if platform.system() != "Linux" or architecture is None:
        raise EmulatorMissingError(f"no emulator for {platform.system()} on {platform.machine()}")
    pin = re.search(r"^aws-sam-cli==(\S+)[^\n]*\\\n(?:\s+--hash=\S+(?:\s*\\)?\n)+", LOCK.read_text(), re.MULTILINE)
    if pin is None:
        raise EmulatorMissingError(f"{LOCK.name} does not pin aws-sam-cli")
    target = CACHE / f"rie-{pin[1]}"
    executable = target / "samcli" / "local" / "rapid" / f"aws-lambda-rie-{architecture}"
    if not executable.exists():
        _fetch(pin[0], target)
    executable.chmod(0o755)
    return executable


def _fetch(pin: str, target: Path) -> None:
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        requirement = Path(scratch) / "requirement.txt"
        requirement.write_text(pin.rstrip().rstrip("\\") + "\n")
        fetched = subprocess.run(
            f"{UV} pip install --quiet --no-deps --require-hashes --requirement requirement.txt --target wheel".split(),
            cwd=scratch,
            capture_output=True,
            text=True,
            check=False,
        )
        if fetched.returncode:
            raise EmulatorMissingError(f"aws-sam-cli cannot be fetched: {fetched.stderr.strip()}")
        try:
            (Path(scratch) / "wheel").rename(target)
        except OSError:  # another process was faster
            if not target.exists():
                raise


@contextmanager
def emulated(executable: Path, command: list[str], environ: dict[str, str], log: Path) -> Iterator[str]:
    """The emulator with a runtime under it; gives the URL that invokes the function."""
    front, api = free_port(), free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(executable, "--runtime-interface-emulator-address", f"127.0.0.1:{front}"),
                *("--runtime-api-address", f"127.0.0.1:{api}", *command),
            ],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for_port(front)
        yield f"http://127.0.0.1:{front}{INVOCATIONS}"
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def invoke(url: str, payload: bytes) -> bytes:
    """Invokes the function and returns its whole response, as the emulator sends it."""
    with urllib.request.urlopen(url, payload, timeout=PATIENCE_SECONDS) as response:
        answer: bytes = response.read()
    return answer


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
        else:
            return
