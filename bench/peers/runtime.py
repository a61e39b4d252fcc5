"""lambda_asgi beside what else streams: the same application behind the same Runtime API, in turns.

The peers are AWS's Node.js runtime client, with two versions of Node.js, and AWS's Lambda Web Adapter with uvicorn. The
limits compare with the first. Every round starts a process of each side, one after the other, so that the machine's
other load falls on all of them.
"""

import os
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from bench.figures import Figure, Suite
from bench.peers.runtime_app import COUNT, TOKEN
from bench.peers.sides import Side, sides, start_node
from bench.runtime_api import Function, TimedResponse, event

WORKLOADS = {
    "turns": "a token a turn",
    "burst": "burst",
    "turns-json": "a token a turn, JSON",
    "burst-json": "burst, JSON",
}
"""Each with what its rows are called: ready bytes, or a JSON document made for each token."""
COLD = ("turns", "turns-json")
"""The workloads of which the first byte is also measured in a new process, and in one that was idle."""
ROUNDS = 9
STARTS = 21
WARM_UP = 40
SAMPLES = 60
PACED = 2
_CHUNK_BOUNDARY = re.compile(rb"\r\n[0-9A-Fa-f]+\r\n")
IDLE_SAMPLES = 6
IDLE_SECONDS = 0.1


@dataclass
class Measured:
    """What the rounds of one side gave."""

    start_seconds: list[float] = field(default_factory=list)
    start_with_certificates_seconds: list[float] = field(default_factory=list)
    first_token_seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in COLD})
    idle_first_byte_seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in COLD})
    resident_bytes: list[float] = field(default_factory=list)
    first_byte_seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in WORKLOADS})
    cpu_seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in WORKLOADS})
    answer_seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in WORKLOADS})
    gaps_seconds: list[float] = field(default_factory=list)


CPU_LIMITS = {"turns": 0.5, "burst": 0.85, "turns-json": 0.85, "burst-json": 1.4}
RATE_LIMITS = {"turns": 2.0, "burst": 1.2, "turns-json": 1.2, "burst-json": 0.6}
"""Ratios to Node.js. Nearly all of a burst with JSON is making the documents, which Node.js compiles."""


def run() -> Suite:
    """Measures all sides; the column of a peer that is not here stays empty."""
    ours, *peers = sides()
    here = {side: Measured() for side in (ours, *peers) if side.start is not None}
    for number in range(STARTS):
        for side, measured in here.items():
            _measure_start(side, measured, COLD[number % len(COLD)])
        if peers[0] in here and "NODE_EXTRA_CA_CERTS" in os.environ:
            with start_node(NODE_EXTRA_CA_CERTS=os.environ["NODE_EXTRA_CA_CERTS"]) as function:
                here[peers[0]].start_with_certificates_seconds.append(function.start_seconds)
    for number in range(ROUNDS):
        for side, measured in here.items():
            assert side.start is not None
            _measure(side.start, measured, paced=number < PACED)
    return Suite(
        title=f"runtime: a bare application, {COUNT} tokens an invocation, medians of {ROUNDS} processes",
        ours=ours.title,
        peer=peers[0].title,
        figures=tuple(_figures(here[ours], *(here.get(peer) for peer in peers))),
        others=tuple(peer.title for peer in peers[1:]),
    )


def _measure_start(side: Side, into: Measured, workload: str) -> None:
    assert side.start is not None
    with side.start() as function:
        into.start_seconds.append(function.start_seconds)
        answer = function.invoke(event(workload))
    _check(answer)
    into.first_token_seconds[workload].append(function.start_seconds + answer.first_body_seconds)


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
        for workload in COLD:
            for _ in range(IDLE_SAMPLES):
                time.sleep(IDLE_SECONDS)
                into.idle_first_byte_seconds[workload].append(function.invoke(event(workload)).first_body_seconds)
        into.resident_bytes.append(function.resident_bytes)
        if paced:
            arrivals = function.invoke(event("paced")).arrivals
            into.gaps_seconds.extend(later - earlier for (earlier, _), (later, _) in pairwise(arrivals[2:]))


def _check(answer: TimedResponse) -> None:
    """Measuring a wrong answer would mean nothing."""
    tokens = _CHUNK_BOUNDARY.sub(b"", answer.body).count(TOKEN)
    if tokens != COUNT:
        raise AssertionError(f"{tokens} tokens, not {COUNT}")


def _figures(ours: Measured, *peers: Measured | None) -> list[Figure]:
    def figure(
        name: str,
        unit: str,
        take: Callable[[Measured], float],
        limit: float | None = None,
        *,
        smaller: bool = True,
        compare: str = "ratio",
    ) -> Figure:
        peer, *others = (take(peer) if peer else None for peer in peers)
        return Figure(name, unit, take(ours), peer, limit, compare, smaller, others=tuple(others))

    def cold(workload: str) -> Callable[[Measured], float]:
        return lambda m: median(m.first_token_seconds[workload]) * 1e3

    def idle(workload: str) -> Callable[[Measured], float]:
        return lambda m: median(m.idle_first_byte_seconds[workload]) * 1e3

    def first_byte(workload: str) -> Callable[[Measured], float]:
        return lambda m: median(m.first_byte_seconds[workload]) * 1e3

    def cpu(workload: str) -> Callable[[Measured], float]:
        return lambda m: median(m.cpu_seconds[workload]) * 1e6

    def rate(workload: str) -> Callable[[Measured], float]:
        return lambda m: COUNT / median(m.answer_seconds[workload])

    median = statistics.median
    starts = [figure("start to first /next", "ms", lambda m: median(m.start_seconds[1:]) * 1e3, 1.0)]
    node = peers[0]
    if node and node.start_with_certificates_seconds:
        slower = median(node.start_with_certificates_seconds[1:]) * 1e3
        starts.append(Figure("... with this machine's NODE_EXTRA_CA_CERTS", "ms", starts[0].ours, slower))
    return [
        *starts,
        *(figure(f"cold start to first token, {WORKLOADS[name]}", "ms", cold(name)) for name in COLD),
        *(figure(f"first body byte after idling, {WORKLOADS[name]}", "ms", idle(name)) for name in COLD),
        *(
            figure(f"first body byte back to back, {name}", "ms", first_byte(workload), 0.5)
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
