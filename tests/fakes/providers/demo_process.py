"""The demo provider as a separate process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

_ENDING_SECONDS = 10


@dataclass(frozen=True, slots=True)
class DemoProcess:
    """A running demo provider. `contains` picks the calls whose prompt has that text."""

    address: str

    @property
    def environ(self) -> dict[str, str]:
        """What points the functions to it."""
        return {
            "OPENAI_BASE_URL": f"{self.address}/v1",
            "XAI_BASE_URL": f"{self.address}/v1",
            "ANTHROPIC_BASE_URL": self.address,
        }

    def calls(self, contains: str) -> dict[str, int]:
        counts: dict[str, int] = self._get("/demo/calls", contains)
        return counts

    def requests(self, contains: str) -> list[dict[str, Any]]:
        requests: list[dict[str, Any]] = self._get("/demo/requests", contains)
        return requests

    def _get(self, path: str, contains: str) -> Any:
        return httpx.get(self.address + path, params={"contains": contains}, trust_env=False).raise_for_status().json()


@contextmanager
def demo_process(*, tokens_per_second: float = 0) -> Iterator[DemoProcess]:
    """Runs one on a free port."""
    environ = {**os.environ, "DEMO_TOKENS_PER_SECOND": str(tokens_per_second)}
    command = [sys.executable, "-m", "demo_provider", "--port", "0"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("demo provider on http://"), line
            yield DemoProcess(line.split()[-1])
        finally:
            process.terminate()
            process.wait(_ENDING_SECONDS)
