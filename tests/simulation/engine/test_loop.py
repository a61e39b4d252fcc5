"""The loop on virtual time: processes, threads, order."""

import asyncio
from collections.abc import Coroutine
from contextvars import copy_context
from random import Random
from typing import Any

import pytest

from simulation.engine.loop import SimLoop, simulated_loop
from simulation.engine.process import CURRENT, Process
from simulation.engine.quiet import quiet
from simulation.engine.threads import SimExecutor


def run(loop: SimLoop, main: Coroutine[Any, Any, None]) -> None:
    with quiet():
        try:
            loop.run(Process("main"), main)
        finally:
            loop.forget()


def spawn(loop: SimLoop, process: Process, work: Coroutine[Any, Any, Any]) -> None:
    context = copy_context()
    context.run(CURRENT.set, process)
    context.run(loop.create_task, work, context=context)


def test_time_passes_only_while_all_wait() -> None:
    loop, times = simulated_loop(Random(1)), list[float]()

    async def main() -> None:
        await asyncio.gather(*(asyncio.sleep(seconds) for seconds in (3600, 5)))
        times.append(loop.time())

    run(loop, main())
    assert times == [3600]


def test_frozen_process_resumes_and_a_killed_one_does_not() -> None:
    loop, seen = simulated_loop(Random(1)), list[tuple[str, float]]()
    frozen, killed = Process("frozen"), Process("killed")

    async def work(name: str) -> None:
        try:
            while True:
                await asyncio.sleep(1)
                seen.append((name, loop.time()))
        finally:
            seen.append((name, -1))

    async def main() -> None:
        for process in (frozen, killed):
            spawn(loop, process, work(process.name))
        await asyncio.sleep(1.5)
        loop.freeze(frozen)
        loop.kill(killed)
        await asyncio.sleep(10)
        loop.thaw(frozen)
        await asyncio.sleep(1.2)
        seen.append(("main", loop.time()))

    run(loop, main())
    until_main = seen[: seen.index(("main", 12.7))]
    assert sorted(until_main) == [("frozen", 1), ("frozen", 11.5), ("frozen", 12.5), ("killed", 1)]


def test_errors_of_killed_processes_are_not_reported() -> None:
    loop = simulated_loop(Random(1))
    living, killed = Process("living"), Process("killed")

    async def fail(name: str) -> None:
        raise ValueError(name)

    async def main() -> None:
        for process in (living, killed):
            spawn(loop, process, fail(process.name))
        await asyncio.sleep(1)
        loop.kill(killed)

    run(loop, main())
    assert [failure.rpartition(": ")[2] for failure in loop.failures()] == ["ValueError('living')"]


def test_blocking_calls_of_threads_are_interleaved() -> None:
    loop, seen = simulated_loop(Random(1)), list[str]()

    def block(name: str) -> str:
        for number in range(2):
            loop.pause(1)
            seen.append(f"{name}{number}")
        return name

    async def main() -> None:
        names = await asyncio.gather(asyncio.to_thread(block, "a"), asyncio.to_thread(block, "b"))
        assert list(names) == ["a", "b"]

    run(loop, main())
    assert sorted(seen[:2]) == ["a0", "b0"]
    assert loop.time() == pytest.approx(2)


def test_executor_of_a_thread_waits_for_results_in_order() -> None:
    loop, results = simulated_loop(Random(1)), list[int]()

    def slowly(seconds: int) -> int:
        loop.pause(seconds)
        return seconds

    def work() -> None:
        with SimExecutor(loop) as executor:
            results.extend(executor.map(slowly, [3, 1, 2]))

    async def main() -> None:
        await asyncio.to_thread(work)

    run(loop, main())
    assert results == [3, 1, 2]
    assert loop.time() == pytest.approx(3)


def test_error_that_nobody_asks_for_is_reported() -> None:
    loop = simulated_loop(Random(1))

    async def fail() -> None:
        raise ValueError("lost")

    async def main() -> None:
        spawn(loop, Process("other"), fail())
        await asyncio.sleep(1)

    run(loop, main())
    assert [failure for failure in loop.failures() if "lost" in failure]
