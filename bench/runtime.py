"""lambda_asgi beside AWS's Node.js runtime client: the same function, the same Runtime API, in turns.

Every round starts a process of each side, one after the other, so that what else the machine does falls on both.
"""

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from bench.figures import Figure, Suite
from bench.runtime_api import Answer, Function, event
from bench.runtime_app import COUNT, TOKEN

ROOT = Path(__file__).parent.parent
NODE_SOURCE = ROOT / "bench" / "node"
NODE_BUILD = ROOT / ".build" / "bench-node"

WORKLOADS = {
    "turns": "a token a turn",
    "burst": "burst",
    "turns-json": "a token a turn, JSON",
    "burst-json": "burst, JSON",
}
"""Each with what its rows are called: ready bytes, or a JSON document made for each token."""
ROUNDS = 9
STARTS = 21
WARM_UP = 40
SAMPLES = 60
PACED = 2


@dataclass
class Measured:
    """What the rounds of one side gave."""

    start_seconds: list[float] = field(default_factory=list)
    start_with_certificates_seconds: list[float] = field(default_factory=list)
    resident_bytes: list[float] = field(default_factory=list)
    first_byte_seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in WORKLOADS})
    cpu_seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in WORKLOADS})
    answer_seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in WORKLOADS})
    gaps_seconds: list[float] = field(default_factory=list)


CPU_LIMITS = {"turns": 0.5, "burst": 0.85, "turns-json": 0.85, "burst-json": 1.4}
RATE_LIMITS = {"turns": 2.0, "burst": 1.2, "turns-json": 1.2, "burst-json": 0.6}
"""Ratios to Node.js. Nearly all of a burst with JSON is making the documents, which Node.js compiles."""
ENVIRON = {
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/bench",
    "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
}
"""What Lambda sets for every function, and Node's client insists on."""


def run() -> Suite:
    """Measures both sides; without Node.js or its client the peer's column stays empty."""
    ours, node = Measured(), Measured()
    handler, missing = _node_client()
    sides = [(_start_python, ours), *([(handler, node)] if handler else [])]
    for _ in range(STARTS):
        for start, side in sides:
            side.start_seconds.append(_start_time(start))
        if handler is not None and "NODE_EXTRA_CA_CERTS" in os.environ:
            node.start_with_certificates_seconds.append(_start_time(_start_node_with_certificates))
    for number in range(ROUNDS):
        for start, side in sides:
            _measure(start, side, paced=number < PACED)
    return Suite(
        title=f"runtime: a bare function, {COUNT} tokens an invocation, medians of {ROUNDS} processes",
        ours=f"lambda_asgi (Python {sys.version.split()[0]})",
        peer=missing or f"aws-lambda-ric (Node {_node_version()})",
        figures=tuple(_figures(ours, node if handler else None)),
    )


def _start_time(start: Callable[[], Function]) -> float:
    with start() as function:
        return function.start_seconds


def _start_python() -> Function:
    return Function(
        [str(ROOT / "functions/stream/bootstrap"), sys.executable, "/var/runtime/bootstrap.py"],
        ENVIRON
        | {
            "_HANDLER": "runtime_app.app",
            "LAMBDA_TASK_ROOT": str(ROOT / "bench"),
            "PYTHONPATH": str(ROOT / "layers/common"),
        },
    )


def _start_node() -> Function:
    return Function(
        ["node", str(NODE_BUILD / "node_modules/aws-lambda-ric/index.mjs"), "handler.handler"],
        ENVIRON | {"_HANDLER": "handler.handler", "LAMBDA_TASK_ROOT": str(NODE_BUILD)},
    )


def _start_node_with_certificates() -> Function:
    """Where this machine's environment makes Node read a bundle of certificates as it starts; Lambda's does not."""
    return Function(
        ["node", str(NODE_BUILD / "node_modules/aws-lambda-ric/index.mjs"), "handler.handler"],
        ENVIRON
        | {
            "_HANDLER": "handler.handler",
            "LAMBDA_TASK_ROOT": str(NODE_BUILD),
            "NODE_EXTRA_CA_CERTS": os.environ["NODE_EXTRA_CA_CERTS"],
        },
    )


def _node_client() -> tuple[Callable[[], Function] | None, str]:
    """What starts Node's side, or why it cannot be had."""
    for tool in ("node", "npm", "cmake", "autoconf", "automake", "libtoolize"):
        if shutil.which(tool) is None:
            return None, f"aws-lambda-ric: no {tool} here"
    NODE_BUILD.mkdir(parents=True, exist_ok=True)
    for source in NODE_SOURCE.iterdir():
        shutil.copy(source, NODE_BUILD)
    if not (NODE_BUILD / "node_modules/aws-lambda-ric/rapid-client.node").exists():
        with (NODE_BUILD / "npm.log").open("w") as log:
            npm = subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund", "--foreground-scripts"],
                cwd=NODE_BUILD,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if npm.returncode:
            return None, f"aws-lambda-ric: npm failed, see {NODE_BUILD / 'npm.log'}"
    return _start_node, ""


def _node_version() -> str:
    return subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip("v\n")


def _measure(start: Callable[[], Function], into: Measured, *, paced: bool) -> None:
    with start() as function:
        for _ in range(WARM_UP):
            for workload in WORKLOADS:
                _check(function.invoke(event(workload)))
        for workload in WORKLOADS:
            payload = event(workload)
            before = function.cpu_seconds
            answers = [function.invoke(payload) for _ in range(SAMPLES)]
            into.cpu_seconds[workload].append((function.cpu_seconds - before) / SAMPLES / COUNT)
            into.answer_seconds[workload].extend(answer.seconds for answer in answers)
            into.first_byte_seconds[workload].extend(answer.first_body_seconds for answer in answers)
        into.resident_bytes.append(function.resident_bytes)
        if paced:
            arrivals = function.invoke(event("paced")).arrivals
            into.gaps_seconds.extend(later - earlier for (earlier, _), (later, _) in pairwise(arrivals[2:]))


def _check(answer: Answer) -> None:
    """Measuring a wrong answer would mean nothing."""
    if answer.body.count(TOKEN) != COUNT:
        raise AssertionError(f"{answer.body.count(TOKEN)} tokens, not {COUNT}")


def _figures(ours: Measured, node: Measured | None) -> list[Figure]:
    def figure(
        name: str,
        unit: str,
        take: Callable[[Measured], float],
        limit: float,
        *,
        smaller: bool = True,
        compare: str = "ratio",
    ) -> Figure:
        return Figure(name, unit, take(ours), take(node) if node else None, limit, compare, smaller)

    def first_byte(workload: str) -> Callable[[Measured], float]:
        return lambda m: median(m.first_byte_seconds[workload]) * 1e3

    def cpu(workload: str) -> Callable[[Measured], float]:
        return lambda m: median(m.cpu_seconds[workload]) * 1e6

    def rate(workload: str) -> Callable[[Measured], float]:
        return lambda m: COUNT / median(m.answer_seconds[workload])

    median = statistics.median
    starts = [figure("start to first /next", "ms", lambda m: median(m.start_seconds[1:]) * 1e3, 1.0)]
    if node and node.start_with_certificates_seconds:
        slower = median(node.start_with_certificates_seconds[1:]) * 1e3
        starts.append(Figure("... with this machine's NODE_EXTRA_CA_CERTS", "ms", starts[0].ours, slower))
    return [
        *starts,
        *(
            figure(f"warm time to first body byte, {name}", "ms", first_byte(workload), 0.5)
            for workload, name in WORKLOADS.items()
        ),
        *(
            figure(f"CPU a token, {name}", "us", cpu(workload), CPU_LIMITS[workload])
            for workload, name in WORKLOADS.items()
        ),
        *(
            figure(f"tokens a second, {name}", "", rate(workload), RATE_LIMITS[workload], smaller=False)
            for workload, name in WORKLOADS.items()
        ),
        figure("resident memory", "MB", lambda m: median(m.resident_bytes) / 1e6, 0.5),
        figure(
            "gaps of paced tokens, p99",
            "ms",
            lambda m: _percentile(m.gaps_seconds, 0.99) * 1e3,
            5.0,
            compare="difference",
        ),
    ]


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]
