"""A crowd on the stack on one machine, smaller than that of `python -m bench.load`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHATS, USERS = 300, 30
GROWTH_MB = 40
"""What 300 chats take in memory is a fraction of it; copies that are kept would be gigabytes."""


@pytest.mark.timeout(400)
def test_crowd_meets_no_error_and_memory_stays() -> None:
    command = [sys.executable, "-m", "bench.load", "--chats", str(CHATS), "--users", str(USERS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=380)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["chats"], found["errors"], found["provider_failures"]) == (CHATS, {}, [])
    for server in ("dynamodb_mb", "stack_mb"):
        sizes = [sample[server] for sample in found["memory"]]
        assert 0 < sizes[-1] < sizes[0] + GROWTH_MB
