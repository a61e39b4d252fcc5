"""The stream function's processes of a running stack."""

import os
import signal
import subprocess

from fakes.stack.process import RunningStack


def stream_processes(stack: RunningStack) -> list[int]:
    """Descendants of the stack that run lambda_asgi."""
    table = subprocess.run(
        ["ps", "-e", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in table.splitlines()]
    family = {stack.process.pid}
    for _ in range(5):
        family |= {int(pid) for pid, parent, _ in rows if int(parent) in family}
    return [int(pid) for pid, _, args in rows if int(pid) in family and "lambda_asgi" in args]


def kill_streams(stack: RunningStack) -> None:
    """kill -9, all of them; the next request gets a new one."""
    processes = stream_processes(stack)
    assert processes
    for pid in processes:
        os.kill(pid, signal.SIGKILL)
