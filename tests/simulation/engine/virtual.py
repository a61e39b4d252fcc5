"""Runs one coroutine on virtual time, for unit tests: no waiting, and no clock that a busy machine could stretch."""

from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from simulation.engine.loop import SimLoop, simulated_loop
from simulation.engine.process import Process


def on_virtual_time(main: Callable[[SimLoop], Coroutine[Any, Any, None]]) -> None:
    """Runs `main`, which is given the loop, to its end; blocking calls are simulated threads."""
    loop = simulated_loop(Random(0))
    try:
        loop.run(Process("test"), main(loop))
        assert loop.failures() == []
    finally:
        loop.forget()
