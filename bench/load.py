"""``python -m bench.load [--chats 2000] [--users 200]``: a crowd on the stack on one machine.

Starts a stack with nothing in it, lets all users chat at the same time, each one chat after the other, and prints as
JSON what went wrong, how long a start took (with nobody else before and after, and early and late in the crowd), and
the memory of the local DynamoDB and of the stack meanwhile. A user who is throttled waits and tries again, as the chat
page does.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

READY_SECONDS = 120.0
SAMPLES = 10
STARTS_ALONE = 60
TIMEOUT_SECONDS = 60.0
ENVIRON = {
    "MAX_PROCESSES": "6",
    "STREAM_CONCURRENCY": "64",
    "DEMO_TOKENS_PER_SECOND": "400",
    "PORT": "0",
    "LOGS": "json",
}
"""Streams share processes, as on Lambda Managed Instances: a process for each of 200 would need 20 GB."""
_READY = re.compile(r"is ready on (http://\S+)")


@dataclass(slots=True)
class Crowd:
    """All users, and what happened to them."""

    url: str
    chats: int
    model: str = ""
    begun: int = 0
    done: int = 0
    start_seconds: list[float] = field(default_factory=list)
    throttled: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    async def run(self, users: int) -> None:
        """Returns when all chats are over."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=users)
        async with httpx.AsyncClient(base_url=self.url, timeout=TIMEOUT_SECONDS, limits=limits) as client:
            await asyncio.gather(*(self._user(client, f"user{number}") for number in range(users)))

    async def starts_alone(self) -> list[float]:
        """How long a start takes while nothing else happens."""
        async with httpx.AsyncClient(base_url=self.url, timeout=TIMEOUT_SECONDS) as client:
            headers = await _signed_in(client, "alone")
            body = {"modelId": self.model, "prompt": "Hello?"}
            seconds = []
            for _ in range(STARTS_ALONE):
                began = time.perf_counter()
                (await client.post("/chat/start", json=body, headers=headers)).raise_for_status()
                seconds.append(time.perf_counter() - began)
        return seconds

    async def _user(self, client: httpx.AsyncClient, name: str) -> None:
        headers = await _signed_in(client, name)
        while self.begun < self.chats:
            self.begun += 1
            try:
                await self._chat(client, headers, f"What is the meaning of {name}, {self.begun}?")
            except (httpx.HTTPError, ValueError, KeyError) as error:
                self.errors[f"{type(error).__name__}: {error}"[:200]] += 1
            self.done += 1

    async def _chat(self, client: httpx.AsyncClient, headers: dict[str, str], prompt: str) -> None:
        body = {"modelId": self.model, "prompt": prompt}
        started = await self._asked(client, client.build_request("POST", "/chat/start", json=body, headers=headers))
        session = json.loads(await started.aread())["sessionId"]
        request = client.build_request("GET", "/chat/stream", params={"sessionId": session}, headers=headers)
        stream = await self._asked(client, request)
        last = [line async for line in stream.aiter_lines() if line.startswith("data: ")][-1]
        if json.loads(last.removeprefix("data: "))["type"] != "done":
            self.errors[last] += 1

    async def _asked(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        pause_seconds = 0.05
        while True:
            began = time.perf_counter()
            response = await client.send(request, stream=True)
            if response.headers.get("x-amzn-errortype") != "TooManyRequestsException":
                break
            await response.aclose()
            self.throttled += 1
            await asyncio.sleep(random.uniform(pause_seconds / 2, pause_seconds))
            pause_seconds = min(1.0, pause_seconds * 2)
        if request.method == "POST":
            self.start_seconds.append(time.perf_counter() - began)
        response.raise_for_status()
        return response


async def _signed_in(client: httpx.AsyncClient, name: str) -> dict[str, str]:
    response = await client.get("/local/token", params={"user": name, "tier": "ENTERPRISE"})
    return {"authorization": f"Bearer {response.text}"}


@contextlib.contextmanager
def running_stack() -> Iterator[tuple[str, subprocess.Popen[bytes], Path]]:
    """A new stack on a free port with data in a temporary folder; yields its address, process and log."""
    with tempfile.TemporaryDirectory(prefix="chat-sse-load-") as folder:
        log = Path(folder, "log")
        command = [sys.executable, "-m", "local_stack", "--no-reload", "--state", folder]
        with log.open("wb") as output:
            process = subprocess.Popen(command, env=os.environ | ENVIRON, stdout=output, stderr=subprocess.STDOUT)
        try:
            limit = time.monotonic() + READY_SECONDS
            while not (found := _READY.search(log.read_text(errors="replace"))):
                if process.poll() is not None or time.monotonic() > limit:
                    raise TimeoutError(log.read_text(errors="replace"))
                time.sleep(0.1)
            yield found[1], process, log
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


async def measured(crowd: Crowd, users: int, stack: int) -> list[dict[str, Any]]:
    """Runs the crowd; the memory as it grows, at every tenth of the chats."""
    samples: list[dict[str, Any]] = []
    work = asyncio.create_task(crowd.run(users))
    while not work.done():
        await asyncio.wait({work}, timeout=0.2)
        if crowd.done >= len(samples) * crowd.chats / SAMPLES:
            samples.append({"chats": crowd.done, **memory_mb(stack)})
    await work
    return [*samples, {"chats": crowd.done, **memory_mb(stack)}]


def memory_mb(stack: int) -> dict[str, int]:
    """Of the local DynamoDB, and of the stack's own process."""
    command = ["ps", "-e", "-ww", "-o", "pid=,ppid=,rss=,args="]  # -ww: whole lines, also where COLUMNS is set
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [line.split(maxsplit=3) for line in listed.stdout.splitlines()]
    found = {}
    for pid, parent, kilobytes, *arguments in rows:
        if int(pid) == stack:
            found["stack_mb"] = int(kilobytes) // 1024
        elif int(parent) == stack and "dynamodb_server" in "".join(arguments):
            found["dynamodb_mb"] = int(kilobytes) // 1024
    if len(found) < 2:
        raise RuntimeError(f"not both of DynamoDB and the stack are running: {listed.stdout}")
    return found


def milliseconds(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100)
    return {"p50": round(cuts[49] * 1000, 1), "p99": round(cuts[98] * 1000, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.load", description="A crowd on the stack on one machine.")
    parser.add_argument("--chats", type=int, default=2000)
    parser.add_argument("--users", type=int, default=200)
    arguments = parser.parse_args()
    from chat.catalog import load_catalog

    with running_stack() as (url, process, log):
        crowd = Crowd(url, arguments.chats, model=load_catalog().models[0].id)
        alone_before = asyncio.run(crowd.starts_alone())
        began = time.perf_counter()
        memory = asyncio.run(measured(crowd, arguments.users, process.pid))
        seconds = time.perf_counter() - began
        alone_after = asyncio.run(crowd.starts_alone())
        failures = [line for line in log.read_text(errors="replace").splitlines() if "provider failed" in line]
    tenth = max(2, arguments.chats // 10)
    result = {
        "chats": crowd.done,
        "users": arguments.users,
        "seconds": round(seconds, 1),
        "errors": crowd.errors,
        "provider_failures": failures,
        "throttled": crowd.throttled,
        "start_ms_alone_before": milliseconds(alone_before),
        "start_ms_alone_after": milliseconds(alone_after),
        "start_ms_early": milliseconds(crowd.start_seconds[:tenth]),
        "start_ms_late": milliseconds(crowd.start_seconds[-tenth:]),
        "memory": memory,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
