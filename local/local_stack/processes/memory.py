"""Memory use of a process."""

import subprocess
from pathlib import Path


def peak_memory_mb(pid: int) -> int:
    """A process's peak resident memory; its current one where /proc is not available."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) // 1024
    except (OSError, StopIteration):
        pass
    listed = subprocess.run(  # noqa: S603
        ["ps", "-o", "rss=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return int(listed.stdout.strip() or 0) // 1024
