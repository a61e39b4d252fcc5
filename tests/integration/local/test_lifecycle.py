"""Start and end of the stack itself."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from fakes.stack.process import RunningStack, running_stack, start_stack


def descendants(pid: int) -> set[int]:
    """All processes below `pid`, those in sessions of their own as well."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in listed.splitlines())}
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def wait_until_gone(pids: set[int]) -> None:
    limit = time.monotonic() + 10
    while left := {pid for pid in pids if _alive(pid)}:
        assert time.monotonic() < limit, left
        time.sleep(0.02)


def busy(stack: RunningStack, tmp_path: Path) -> httpx.Response:
    """A stream in the middle."""
    client = httpx.Client()
    request = client.build_request("GET", f"{stack.url}/streaming/gated", params={"gate": str(tmp_path / "never")})
    response = client.send(request, stream=True)
    next(response.iter_raw())
    return response


def test_ctrl_c_ends_everything(probes: Path, tmp_path: Path) -> None:
    with running_stack("--template", str(probes)) as stack:
        busy(stack, tmp_path)
        below = descendants(stack.process.pid)
        assert len(below) >= 4  # guardian, redis, two functions
        stack.process.send_signal(signal.SIGINT)
        assert stack.process.wait(10) == 0
        assert "\nTraceback" not in stack.log()
    wait_until_gone(below)


def test_sigterm_while_starting_ends_everything(probes: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = start_stack(["--template", str(probes), "--state", str(tmp_path)], {}, log)
    limit = time.monotonic() + 20
    while "INIT_START" not in log.read_text():
        assert time.monotonic() < limit
        time.sleep(0.01)
    below = descendants(process.pid)
    process.terminate()
    assert process.wait(10) == 0
    wait_until_gone(below)


def test_nothing_outlives_a_stack_that_is_killed(probes: Path, tmp_path: Path) -> None:
    with running_stack("--template", str(probes)) as stack:
        busy(stack, tmp_path)
        below = descendants(stack.process.pid)
        stack.process.kill()
        wait_until_gone(below)


@pytest.mark.perf
def test_whole_stack_is_ready_within_15_seconds() -> None:
    began = time.monotonic()
    with running_stack():
        assert time.monotonic() - began < 15


def test_banner_has_an_example_for_each_path() -> None:
    with running_stack() as stack:
        log = stack.log()
        for example in ("/local/token", "/chat/start", "/chat/stream", "/chat/stop", "/chat/history", "/chat/models"):
            assert f"{stack.url}{example}" in log


def test_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start_stack(["--state", str(tmp_path)], {"PORT": str(port)}, tmp_path / "log")
        assert process.wait(20) == 1
    lines = (tmp_path / "log").read_text().splitlines()
    assert len(lines) == 1
    assert lines[0] == (
        f"chat-sse cannot listen on 127.0.0.1:{port}: Address already in use. "
        "Set PORT= or HOST= to use another address."
    )


def test_state_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    state = tmp_path / "file/state"
    process = start_stack(["--state", str(state)], {}, tmp_path / "log")

    assert process.wait(60) == 1
    assert (tmp_path / "log").read_text() == (
        f"chat-sse cannot start: the local secret cannot be stored in {state}: Not a directory.\n"
    )


def test_setting_that_makes_no_sense_is_one_sentence(tmp_path: Path) -> None:
    process = start_stack([], {"PORT": "many"}, tmp_path / "log")
    assert process.wait(20) == 2
    assert (tmp_path / "log").read_text() == "PORT must be a whole number from 0 to 65535, not 'many'.\n"


def test_template_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    process = start_stack(["--template", str(tmp_path / "none.yaml")], {}, tmp_path / "log")
    assert process.wait(20) == 1
    assert (tmp_path / "log").read_text().startswith("chat-sse cannot start: ")


@pytest.mark.parametrize("name", ["none", "file"])
def test_page_folder_that_is_none_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    process = start_stack(["--web", str(tmp_path / name), "--state", str(tmp_path)], {}, tmp_path / "log")
    try:
        assert process.wait(20) == 2
    finally:
        process.kill()
        process.wait()
    assert (tmp_path / "log").read_text() == f"--web must be a folder, not {str(tmp_path / name)!r}.\n"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc/self").exists() else True
    except (ProcessLookupError, FileNotFoundError):
        return False
